"""Searches that nobody means, with the answers that are right for each: a page, and none a row."""

from urllib.parse import quote

from tests.bad.requests import Row


def _row(query: str, statuses: set[int] | None = None, more: str = "") -> Row:
    path = f"/search/?q={quote(query)}{more}"
    return lambda v: v.get(path), statuses or {200}


SEARCHES: dict[str, Row] = {
    "Q1 a quote": _row('"'),
    "Q1 quotes within quotes": _row('"a" "b" "" \'"\''),
    "Q2 a star": _row("*"),
    "Q3 an operator without an end": _row("a AND"),
    "Q3 operators alone": _row("AND OR NOT"),
    "Q4 NEAR without an end": _row("NEAR("),
    "Q4 NEAR": _row('NEAR("a" "b", 5)'),
    "Q5 a column": _row("body:x document:x {a b}:c"),
    "Q6 a minus": _row("-x"),
    "Q6 operators of PostgreSQL": _row("a & !b | (c <-> d:*A"),
    "Q7 SQL": _row("'; DROP TABLE chat_message; --"),
    "Q8 signs of LIKE": _row("%_"),
    "Q8 signs of LIKE in names": _row("from:%_ in:%_"),
    "Q9 a NUL": _row("a\0b", {404}),
    "Q9 half of a pair": (lambda v: v.get("/search/?q=%ED%A0%80"), {200, 404}),
    "Q10 emoji": _row("🐸" * 50),
    "Q10 CJK": _row("池" * 200),
    "Q11 10,000 terms": _row("x " * 10_000, {431}),
    "Q11 more terms than may be": _row("x " * 500),
    "Q11 as many as may be": _row(" ".join(f"{n}*" for n in range(10, 30))),
    "Q12 what hangs a pattern": _row("(a+)+$" * 30),
    "Q12 quotes that hang a pattern": _row('"from:' * 33),
    "Q13 the beginning of everything": _row("a*"),
    "Q13 text from right to left": _row("\u202eeht \u200f שלום"),
    "Q14 signs without a name": _row("in:# from:@"),
    "Q14 a file": _row("has:file"),
    "Q14 no day at all": _row("after:2026 before:2025"),
    "Q14 a private room by name": _row("in:nowhere-that-i-know"),
    "Q14 a person by name": _row("from:nobody-that-i-know"),
    "Q14 days beyond the calendar": _row("before:9999-12-31 after:0001-01-01 before:99999"),
    "Q15 far behind the end": _row("a", more="&older=1000000000&skip=1000000000"),
    "Q15 beyond number": _row("a", {404}, more=f"&older={'9' * 40}"),
    "Q15 a page that is none of ours": _row("a", more="&page=-1&page=9999&page=abc"),
    "Q15 below the beginning": _row("a", {404}, more="&skip=-1"),
    "Q15 an order that is none": _row(
        "a", more="&order=x&has=x&before=x&after=%00", statuses={404}
    ),
}
