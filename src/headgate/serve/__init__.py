"""Reading without HTTP: query, figures, reports."""
