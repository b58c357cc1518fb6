-- One expression a line, over the columns of `sample` in test_sql_functions.py. What SQLGlot writes must give the same.
s ~ 'b'
s ~ '.*b.*'
s !~ 'b'
i ^ 2
i ** 2
i // 2
-5 // 2
i % 2
d % 2
s || s2
n << 1
i & 3
i | 3
xor(i,3)
s ^@ 'a'
s similar to 'a.*'
s not similar to 'a.*'
s glob 'a*'
s ilike 'A%'
s like 'a$%' escape '$'
s not like 'a%'
s ~~ 'a%'
s !~~ 'a%'
s ~~~ 'a*'
s ~~* 'A%'
j ->> '$.a'
j -> 'a'
@i
i is distinct from n
i in (1,2)
i in l
i not in (1,2)
l[1]
l[-1]
l[1:2]
l[:-1]
s[1:2]
st.a
st['b']
mp['k']
ts at time zone 'Europe/Berlin'
tz at time zone 'Europe/Berlin'
i::varchar
d::int
f::int
try_cast(s as int)
cast(dt as timestamp)
extract(year from ts)
extract(epoch from ts)
extract(dow from ts)
extract(isodow from ts)
date_part('dow', ts)
dt + 1
dt + interval 1 day
dt - date '2020-01-01'
ts - ts
dt + to_days(3)
interval '1' hour + ts
dt + iv
ts + interval (n) day
i between 0 and 3
s is null or i > 0
not b
b and not (i > 2)
case when i > 0 then 'x' else 'y' end
case i when 1 then 'x' end
{'a': i}.a
[x + 1 for x in l if x > 1]
[x for x in l]
list_sum([x * 2 for x in l])
list_transform(l, lambda x: x + 1)
list_filter(l, lambda x, k: k > 1)
list_reduce(l, lambda a, x: a + x)
coalesce(i, 0)
ifnull(s, 'x')
nullif(i, 1)
if(i>0,1,2)
least(i, n)
greatest(d, 1)
round(d, 1)
d / 2
i / 2
i / 0
f / 0
1 / 2
7 % -3
d * d
d * 1.5
s collate nocase
s = 'ABC' collate nocase
date_trunc('month', ts)
date_diff('day', dt, dt)
datediff('day', dt, dt)
date_diff('day', ts, ts)
strftime(ts, '%d.%m.%Y')
strftime('%Y', ts)
strptime('2026-01-02', '%Y-%m-%d')
try_strptime(s, '%Y')
regexp_matches(s, 'b')
regexp_full_match(s, '.*')
regexp_extract(s, '([a-z])', 1)
regexp_replace(s, '[a-z]', 'X', 'g')
regexp_matches(s, 'B', 'i')
string_split(s, ',')
split_part(s, ',', 1)
substring(s from 2 for 2)
position('b' in s)
trim(both 'a' from s)
trim(s, 'a')
length(s)
strlen(s)
left(s, -1)
epoch_ms(ts)
epoch_ms(1000)
epoch(ts)
to_timestamp(1.5)
make_date(2020,1,2)
last_day(dt)
dayname(dt)
hour(ts)
week(dt)
isfinite(f)
'2026-01-01'::date < dt
date '2026-01-01' < dt
timestamp '2026-01-01' < ts
timestamptz '2026-01-01' < tz
list_contains(l, 1)
list_has_any(l, l2)
list_has_all(l, l2)
l && l2
l @> l2
l = l2
len(l)
array_length(l)
list_distinct(l)
list_unique(l)
list_sort(l)
list_sort(l, 'DESC')
list_aggregate(l, 'sum')
(i, n) in ((1, 2), (3, 4))
(i, n) = (1, 2)
row(i, n)
i = any([1,2])
i > all([0])
1e3 + i
1_000 + i
'it''s'
s || 'a"b'
"s" || "s2"
not i = 1
- i
-(-i)
i - -1
i is not null
b is true
b is not false
b = true
printf('%d', i)
format('{}', i)
concat_ws('-', s, s2)
json_extract_string(j, '$.a')
j.a
unicode(s)
log(10)
log(2, 8)
ln(2)
pow(i, 2)
sqrt(4)
mod(i, 2)
ceil(d)
trunc(d)
sign(i)
