"""DuckDB functions that people may use in rules and tasks.

A list of what is allowed, not of what is forbidden: a new release of the engine may bring functions that read files,
settings or the clock. Each name was taken after a look at what it does; a test asks the engine that it has them all and
calls each of the scalar ones CONSISTENT. Left out on purpose: `hash` (its values change between releases), `age` and
`ago` (they read the clock), `version`, `json_serialize_sql`, `getenv`, everything that is volatile, collations, and
`list_aggregate`, which takes the name of any aggregate as text.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NUMBERS = """
abs acos acosh asin asinh atan atan2 atanh bin bit_count cbrt ceil ceiling cos cosh cot degrees divide even exp
factorial floor fmod fdiv gamma gcd greatest greatest_common_divisor hex isfinite isinf isnan lcm least
least_common_multiple lgamma ln log log10 log2 mod multiply add subtract nextafter pi pow power radians round round_even
roundbankers sign signbit sin sinh sqrt tan tanh trunc xor to_base from_hex unhex unbin from_binary to_binary to_hex
"""

_TEXT = """
array_extract ascii bar bit_length char_length character_length chr concat concat_ws contains damerau_levenshtein
editdist3 encode decode ends_with format from_base64 base64 to_base64 hamming ilike_escape instr jaccard
jaro_similarity jaro_winkler_similarity lcase left left_grapheme length length_grapheme len levenshtein like_escape
lower lpad ltrim md5 mismatches nfc_normalize not_ilike_escape not_like_escape octet_length ord position prefix printf
regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace regexp_split_to_array
repeat replace reverse right right_grapheme rpad rtrim sha1 sha256 split split_part starts_with str_split
str_split_regex string_split string_split_regex string_to_array strip_accents strlen strpos substr substring
substring_grapheme suffix translate trim ucase unicode upper url_decode url_encode
"""

_TIMES = """
century date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth
dayofweek dayofyear days_in_month decade epoch epoch_ms epoch_ns epoch_us era hour isodow isoyear julian last_day
make_date make_time make_timestamp make_timestamp_ms make_timestamp_ns make_timestamptz microsecond millennium
millisecond minute month monthname nanosecond quarter second strftime strptime time_bucket timezone timezone_hour
timezone_minute to_centuries to_days to_decades to_hours to_microseconds to_millennia to_milliseconds to_minutes
to_months to_quarters to_seconds to_timestamp to_weeks to_years try_strptime week weekday weekofyear year yearweek
"""

_LISTS = """
array_append array_apply array_cat array_concat array_contains array_distinct array_filter array_has
array_has_all array_has_any array_indexof array_intersect array_length array_pop_back array_pop_front array_position
array_prepend array_push_back array_push_front array_reduce array_resize array_reverse array_reverse_sort array_select
array_slice array_sort array_to_string array_transform array_unique array_value array_where array_zip element_at filter
flatten grade_up list_any_value list_append list_apply list_avg list_bit_and list_bit_or list_bit_xor
list_bool_and list_bool_or list_cat list_concat list_contains list_count list_distinct list_element list_extract
list_filter list_first list_grade_up list_has list_has_all list_has_any list_indexof list_intersect list_kurtosis
list_last list_mad list_max list_median list_min list_mode list_pack list_position list_prepend list_product
list_reduce list_resize list_reverse list_reverse_sort list_select list_skewness list_slice list_sort list_stddev_pop
list_stddev_samp list_string_agg list_sum list_transform list_unique list_value list_var_pop list_var_samp list_where
list_zip range generate_series
"""

_STRUCTURES = """
cardinality json_array json_array_length json_contains json_exists json_extract json_extract_path
json_extract_path_text json_extract_string json_keys json_object json_quote json_type json_valid json_value
map map_concat map_contains map_contains_entry map_contains_value map_entries map_extract map_extract_value
map_from_entries map_keys map_values row struct_concat struct_contains struct_extract struct_extract_at struct_has
struct_indexof struct_insert struct_keys struct_pack struct_position struct_update struct_values to_json union_extract
union_tag union_value
"""

_CHOICE = "coalesce constant_or_null if ifnull nullif typeof"

SCALARS = _names(f"{_NUMBERS} {_TEXT} {_TIMES} {_LISTS} {_STRUCTURES} {_CHOICE}")
"""One value from the values of a row; the same values give the same result, at any time and on any machine."""

AGGREGATES = _names("""
    approx_count_distinct avg bit_and bit_or bit_xor bool_and bool_or corr count count_if count_star countif covar_pop
    covar_samp entropy favg fsum geomean geometric_mean histogram kahan_sum kurtosis kurtosis_pop mad max mean median
    min product quantile quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope
    regr_sxx regr_sxy regr_syy sem skewness stddev stddev_pop stddev_samp sum sumkahan var_pop var_samp variance
    grouping grouping_id wavg weighted_avg
    """)
"""One value from many rows, whatever their order."""

ORDERED_AGGREGATES = _names("""
    any_value arbitrary arg_max arg_max_null arg_min arg_min_null argmax argmin array_agg first group_concat
    json_group_array json_group_object last list listagg max_by min_by mode string_agg
    """)
"""Their result depends on the order of rows, so each needs an ORDER BY inside its brackets."""

WINDOWS = _names("""
    cume_dist dense_rank fill first_value lag last_value lead nth_value ntile percent_rank rank rank_dense row_number
    """)
"""Only with OVER (… ORDER BY …)."""

TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series"})
"""Functions that may stand in FROM."""

NULL_SKIPPING = _names("""
    least greatest concat concat_ws list_avg list_bool_and list_bool_or list_max
    list_median list_min list_mode list_product list_string_agg list_sum
    """)
"""They pass over NULL: `least(NULL, 5)` is 5, `list_sum([1, NULL])` is 1."""

CLOCK = _names("""
    age ago current_date current_localtime current_localtimestamp current_time current_timestamp get_current_time
    get_current_timestamp localtime localtimestamp today transaction_timestamp
    """)
"""Other names of the present: `now()` is the one that is bound to the time of landing."""
