"""Writes the corpus's files that need other programs: pandas, PyArrow, DuckDB, zstd.

    pip install pandas pyarrow duckdb zstandard && python cli/tests/corpus/make.py

All hold the same seven events; cli/tests/it/corpus.rs says what is expected of each.
"""

import datetime
import decimal
import pathlib
import uuid

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

HERE = pathlib.Path(__file__).parent
USERS = [1, 2, 1, 1, 4, 2, 3]
EVENTS = ["visit", "visit", "cart", "purchase", "cart", "cart", "visit"]
TIMES = [
    datetime.datetime.fromisoformat(text)
    for text in [
        "2024-01-30 10:00:00",
        "2024-01-30 10:05:00",
        "2024-01-30 11:00:00",
        "2024-01-30 21:30:00",
        "2024-01-31 08:00:00",
        "2024-01-31 09:15:00",
        "2024-01-31 23:59:59",
    ]
]
AMOUNTS = [None, None, None, 50.0, None, None, None]
SECONDS = [int(t.replace(tzinfo=datetime.timezone.utc).timestamp()) for t in TIMES]


def write(name, user_id=None, timestamp=None, event=None, amount=None, more=None, **options):
    columns = {
        "user_id": user_id if user_id is not None else pa.array(USERS, pa.int64()),
        "timestamp": timestamp if timestamp is not None else pa.array(TIMES, pa.timestamp("us")),
        "event": event if event is not None else pa.array(EVENTS),
        "amount": amount if amount is not None else pa.array(AMOUNTS, pa.float64()),
        **(more or {}),
    }
    pq.write_table(pa.table(columns), HERE / f"{name}.parquet", **options)


for kind in ["int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]:
    write(f"id-{kind}", pa.array(USERS, pa.int64()).cast(getattr(pa, kind)()))
write("id-uint64-large", pa.array([2**63 + u for u in USERS], pa.uint64()))
write("id-decimal", pa.array([decimal.Decimal(u) for u in USERS], pa.decimal128(20, 0)))
write("id-decimal-cents", pa.array([decimal.Decimal(u) for u in USERS], pa.decimal128(12, 2)))
TEXTS = [f"user {u}" for u in USERS]
write("id-string", pa.array(TEXTS))
write("id-large-string", pa.array(TEXTS, pa.large_string()))
write("id-binary", pa.array([t.encode() for t in TEXTS], pa.binary()))
write("id-dictionary", pa.array(TEXTS).dictionary_encode())
write("id-zeros", pa.array([f"00{u}" for u in USERS]))
UUIDS = [uuid.UUID(int=u) for u in USERS]
write("id-uuid-bytes", pa.array([u.bytes for u in UUIDS], pa.binary(16)))
write("id-uuid-arrow", pa.ExtensionArray.from_storage(pa.uuid(), pa.array([u.bytes for u in UUIDS], pa.binary(16))))
write("id-null", pa.array(USERS + [None], pa.int64()), pa.array(TIMES + TIMES[:1], pa.timestamp("us")),
      pa.array(EVENTS + ["visit"]), pa.array(AMOUNTS + [None], pa.float64()))
write("id-float-null", pa.array(USERS + [float("nan")], pa.float64()), pa.array(TIMES + TIMES[:1], pa.timestamp("us")),
      pa.array(EVENTS + ["visit"]), pa.array(AMOUNTS + [None], pa.float64()))
write("id-none-word", pa.array([str(u) for u in USERS] + ["None"]), pa.array(TIMES + TIMES[:1], pa.timestamp("us")),
      pa.array(EVENTS + ["visit"]), pa.array(AMOUNTS + [None], pa.float64()))

for unit in ["s", "ms", "us", "ns"]:
    write(f"time-{unit}", timestamp=pa.array(TIMES, pa.timestamp(unit)))
    write(f"time-{unit}-utc", timestamp=pa.array(SECONDS, pa.int64()).cast(pa.timestamp("s", "UTC")).cast(pa.timestamp(unit, "UTC")))
write("time-berlin", timestamp=pa.array(SECONDS, pa.int64()).cast(pa.timestamp("s", "Europe/Berlin")).cast(pa.timestamp("us", "Europe/Berlin")))
write("time-ahead", timestamp=pa.array(SECONDS, pa.int64()).cast(pa.timestamp("s", "+01:00")).cast(pa.timestamp("us", "+01:00")))
write("time-int96", use_deprecated_int96_timestamps=True)
write("time-v1", version="1.0")
write("time-text", timestamp=pa.array([str(t) for t in TIMES]))
write("time-text-dictionary", timestamp=pa.array([str(t) for t in TIMES]).dictionary_encode())
write("time-epoch", timestamp=pa.array(SECONDS, pa.int64()))
write("time-epoch-ms", timestamp=pa.array([s * 1000 for s in SECONDS], pa.int64()))
write("time-epoch-double", timestamp=pa.array([s + 0.25 for s in SECONDS], pa.float64()))
write("time-compact-int", timestamp=pa.array([int(t.strftime("%Y%m%d%H%M%S")) for t in TIMES], pa.int64()))
write("day-date32", timestamp=pa.array([t.date() for t in TIMES], pa.date32()))
write("day-date64", timestamp=pa.array([t.date() for t in TIMES], pa.date64()))
write("day-int", timestamp=pa.array([int(t.strftime("%Y%m%d")) for t in TIMES], pa.int32()))

write("event-dictionary", event=pa.array(EVENTS).dictionary_encode())
write("event-ordered", event=pa.DictionaryArray.from_arrays(pa.array([0, 0, 1, 2, 1, 1, 0], pa.int8()), ["visit", "cart", "purchase"], ordered=True))
write("amount-decimal", amount=pa.array([None if a is None else decimal.Decimal("50.00") for a in AMOUNTS], pa.decimal128(12, 2)))
write("amount-decimal-large", amount=pa.array([None if a is None else decimal.Decimal("50.00") for a in AMOUNTS], pa.decimal128(38, 2)))
write("amount-int", amount=pa.array([None if a is None else 50 for a in AMOUNTS], pa.int16()))
write("amount-float32", amount=pa.array(AMOUNTS, pa.float32()))
write("amount-text", amount=pa.array([None if a is None else "50.00" for a in AMOUNTS]))

for compression in ["none", "snappy", "gzip", "brotli", "lz4", "zstd"]:
    write(f"packed-{compression}", compression=compression)
write("pages-v2", data_page_version="2.0")
write("pages-plain", use_dictionary=False)
write("pages-delta", use_dictionary=False, column_encoding={"user_id": "DELTA_BINARY_PACKED", "event": "DELTA_BYTE_ARRAY"})
write("pages-split", use_dictionary=False, column_encoding={"amount": "BYTE_STREAM_SPLIT"})
write("groups", row_group_size=2)
write("nested-beside", more={"tags": pa.array([["a"], [], None, ["b", "c"], [], [], []]), "geo": pa.array([{"x": 1}] * 7)})

frame = pd.DataFrame({"user_id": USERS, "timestamp": TIMES, "event": EVENTS, "amount": AMOUNTS})
frame.to_parquet(HERE / "pandas.parquet")
frame.astype({"event": "category", "user_id": "Int64"}).to_parquet(HERE / "pandas-categories.parquet")
frame.set_index("timestamp").to_parquet(HERE / "pandas-index.parquet")

con = duckdb.connect()
con.execute("set timezone = 'UTC'")
con.register("events", frame)


def duck(name, select):
    con.execute(f"copy (select {select} from events) to '{HERE / name}.parquet' (format parquet)")


duck("duckdb", "*")
duck("duckdb-uuid", "('00000000-0000-0000-0000-00000000000' || user_id)::uuid as user_id, timestamp, event, amount")
duck("duckdb-timestamptz", "user_id, timestamp::timestamptz as timestamp, event, amount")
duck("duckdb-decimal", "user_id::decimal(9, 0) as user_id, timestamp, event, amount::decimal(9, 2) as amount")
duck("duckdb-hugeint", "user_id::decimal(38, 0) as user_id, timestamp, event, amount")
duck("duckdb-enum", "user_id, timestamp, event::enum('visit', 'cart', 'purchase') as event, amount")
duck("duckdb-date", "user_id, timestamp::date as timestamp, event, amount")

lines = ["user_id,event,timestamp,amount"]
lines += [f"{u},{e},{t},{'' if a is None else int(a)}" for u, e, t, a in zip(USERS, EVENTS, TIMES, AMOUNTS)]
(HERE / "events.csv.zst").write_bytes(zstandard.compress(("\n".join(lines) + "\n").encode()))
