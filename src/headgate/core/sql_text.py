"""Reads SQL that people write into a tree, and refuses what the tree would not show as the engine sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from headgate.core.errors import QueryRefusedError

MAX_CHARACTERS = 100_000
MAX_TREE_DEPTH = 200

_BLOCKED_TOKENS = {
    TokenType.HEREDOC_STRING: "a dollar-quoted text",
    TokenType.RAW_STRING: "a raw text",
    TokenType.BYTE_STRING: "an escaped text",
    TokenType.NATIONAL_STRING: "a national text",
    TokenType.UNICODE_STRING: "a Unicode text",
}
"""Spellings that two parsers may end at different places; plain quotes say the same."""

_NO_CALL = frozenset(
    """
    all and any as between by case cast distinct else except exclude exists extract filter following from group
    having ilike in interval intersect is join lateral like limit not nulls offset on or order over partition preceding
    qualify rename replace select similar some then to try try_cast union unnest using values when where window with
    within array struct map row decimal numeric dec varchar char character bit bitstring time timestamp within_group
    sets cube rollup materialized recursive
    """.split(),  # noqa: SIM905 - a paragraph of words is easier to keep than a list
)
"""Words that may stand before a bracket without being a function's name."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A function's name with its brackets, by positions in the text."""

    name: str  # lower case
    start: int  # first character of the name
    end: int  # one past the closing bracket
    arguments: tuple[str, ...]  # their texts, cut at the commas outside of inner brackets


def parse_one(sql: str) -> tuple[exp.Expr, list[Token]]:
    """The tree and the tokens of one statement or expression in DuckDB's dialect; QueryRefusedError for all else."""
    if len(sql) > MAX_CHARACTERS:
        raise QueryRefusedError(f"The SQL has {len(sql)} characters, over the limit of {MAX_CHARACTERS}; split it.")
    try:
        tokens = sqlglot.tokenize(sql, read="duckdb")
        _refuse_tokens(tokens)
        _refuse_depth(tokens)
        trees = [tree for tree in sqlglot.parse(sql, read="duckdb") if tree is not None]
    except SqlglotError as error:
        raise QueryRefusedError(f"The SQL cannot be read: {_plain(str(error))}") from error
    except RecursionError as error:
        raise QueryRefusedError("The SQL is nested too deeply to be read; write it flatter.") from error
    if len(trees) != 1 or any(token.token_type is TokenType.SEMICOLON for token in tokens):
        raise QueryRefusedError(f"The SQL holds {len(trees)} statements; write one, without a semicolon.")
    return trees[0], tokens


def calls(sql: str, tokens: list[Token]) -> Iterator[Call]:
    """Every name with a bracket behind it, outer before inner; words of SQL and names of types are no calls."""
    for index, token in enumerate(tokens[:-1]):
        if tokens[index + 1].token_type is not TokenType.L_PAREN or not _is_name(token):
            continue
        if token.text.lower() in _NO_CALL and token.token_type is not TokenType.IDENTIFIER:
            continue
        cuts, last = _cuts(tokens, index + 1)
        if _is_alias(tokens, index, last):
            continue
        texts = tuple(sql[start + 1 : end].strip() for start, end in zip(cuts, [*cuts[1:], last], strict=True))
        yield Call(name=token.text.lower(), start=token.start, end=last + 1, arguments=() if texts == ("",) else texts)


def _cuts(tokens: list[Token], opening: int) -> tuple[list[int], int]:
    """Positions of the opening bracket and of the commas between arguments, and that of the closing bracket."""
    cuts, depth = [tokens[opening].start], 0
    for token in tokens[opening:]:
        if token.token_type in _OPENING:
            depth += 1
        elif token.token_type in _CLOSING:
            depth -= 1
            if depth == 0:
                return cuts, token.start
        elif token.token_type is TokenType.COMMA and depth == 1:
            cuts.append(token.start)
    raise QueryRefusedError("A bracket is not closed.")


def _is_alias(tokens: list[Token], index: int, last: int) -> bool:
    """Whether a name with a bracket is that of a table with its columns: `AS t(a, b)`, `) t(a)`, `WITH t(a) AS (…`."""
    if index and tokens[index - 1].token_type in {TokenType.ALIAS, TokenType.R_PAREN}:
        return True
    behind = [token.token_type for token in tokens if token.start > last][:2]
    return behind == [TokenType.ALIAS, TokenType.L_PAREN]


def _is_name(token: Token) -> bool:
    return token.token_type is not TokenType.STRING and re.fullmatch(r"\w+", token.text) is not None


def _refuse_tokens(tokens: list[Token]) -> None:
    for token in tokens:
        if token.token_type in _BLOCKED_TOKENS:
            what = _BLOCKED_TOKENS[token.token_type]
            raise QueryRefusedError(f"{what} in line {token.line} is not taken; write it in single quotes.")


def _refuse_depth(tokens: list[Token]) -> None:
    depth = 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if depth > MAX_TREE_DEPTH:
            raise QueryRefusedError(f"Brackets are nested deeper than {MAX_TREE_DEPTH} levels; write it flatter.")


def _plain(message: str) -> str:
    """The first line of SQLGlot's message without its underlining codes."""
    return re.sub(r"\x1b\[\d+m", "", message).splitlines()[0]


_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
