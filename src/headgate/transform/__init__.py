"""Fourth step: the flow's tasks."""
