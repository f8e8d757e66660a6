"""Tokens -> AST, by precedence climbing (Pratt). Two Python frames per nesting level, bounded."""

from functools import lru_cache
from typing import Final

from shared import limits
from shared.errors import LimitExceeded
from shared.forms.xpath.ast import (
    Binary,
    Call,
    Expr,
    Filter,
    Literal,
    Negate,
    NodeTest,
    Number,
    Path,
    Step,
    Variable,
)
from shared.forms.xpath.faults import ExpressionError
from shared.forms.xpath.lexer import (
    END,
    LITERAL,
    NAME,
    NUMBER,
    OPERATOR,
    PATH,
    SYMBOL,
    Token,
    tokenize,
)

_POWER: Final = {
    "or": 1,
    "and": 2,
    "=": 3,
    "!=": 3,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "div": 6,
    "mod": 6,
    "|": 8,
}
_NEGATE_POWER: Final = 7
AXES: Final = frozenset(
    {
        "ancestor",
        "ancestor-or-self",
        "attribute",
        "child",
        "descendant",
        "descendant-or-self",
        "following",
        "following-sibling",
        "namespace",
        "parent",
        "preceding",
        "preceding-sibling",
        "self",
    }
)
_NODE_TYPES: Final = {
    "node": "node",
    "text": "text",
    "comment": "comment",
    "processing-instruction": "pi",
}
_ANY_NODE: Final = NodeTest("node")
_DESCENDANTS: Final = Step("descendant-or-self", _ANY_NODE)


def parse(text: str) -> Expr:
    """Return the AST of one expression.

    Raises:
        ExpressionError: with the place and what was expected.
        LimitExceeded: too long or nested too deep.
    """
    parser = _Parser(text)
    tree = parser.expression(0)
    parser.expect_end()
    return tree


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        tokens = tokenize(text)
        # The end is there three times, so that looking ahead needs no bounds.
        self._tokens = [*tokens, tokens[-1], tokens[-1]]
        self._at = 0
        self._depth = 0

    # ---- tokens

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[self._at + ahead]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _accept(self, text: str) -> bool:
        token = self._tokens[self._at]
        if token.text == text and token.kind in (SYMBOL, OPERATOR):
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise self._error(f"expected {text!r}")

    def expect_end(self) -> None:
        """Refuse anything after a whole expression."""
        if self._peek().kind != END:
            raise self._error("expected an operator or the end")

    def _error(self, wanted: str) -> ExpressionError:
        token = self._peek()
        found = f"found {token.text!r}" if token.kind != END else "it ends"
        return ExpressionError(f"{wanted}, {found} at character {token.at + 1} of: {self._text}")

    # ---- expressions

    def expression(self, power: int) -> Expr:
        """Parse one operand and every operator that binds tighter than `power`."""
        self._depth += 1
        if self._depth > limits.XPATH_DEPTH_MAX:
            raise LimitExceeded(f"an expression nests deeper than {limits.XPATH_DEPTH_MAX}")
        negations = 0
        while self._accept("-"):
            negations += 1
        left = self._operand() if not negations else self._negated(negations)
        while True:
            token = self._peek()
            binds = _POWER.get(token.text, 0) if token.kind == OPERATOR else 0
            if binds <= power:
                break
            self._at += 1
            left = Binary(token.text, left, self.expression(binds))
        self._depth -= 1
        return left

    def _negated(self, negations: int) -> Expr:
        operand = self.expression(_NEGATE_POWER)
        # An even number of signs still makes a number of the operand, so two of them stay.
        for _ in range(min(negations, 2 - negations % 2)):
            operand = Negate(operand)
        return operand

    def _operand(self) -> Expr:
        """Parse a location path or a filter expression with the path after it."""
        token = self._peek()
        primary: Expr
        if token.kind == PATH:
            self._at += 1
            return _plain_path(token.text)
        if token.kind == NUMBER:
            self._at += 1
            primary = Number(float(token.text))
        elif token.kind == LITERAL:
            self._at += 1
            primary = Literal(token.text[1:-1])
        elif token.kind == SYMBOL and token.text == "(":
            self._at += 1
            primary = self.expression(0)
            self._expect(")")
        elif token.kind == SYMBOL and token.text == "$":
            self._at += 1
            primary = Variable(self._take().text)
        elif self._at_call():
            primary = self._call()
        else:
            return self._path(None)
        predicates = self._predicates()
        if predicates:
            primary = Filter(primary, predicates)
        if self._peek().text in ("/", "//") and self._peek().kind == OPERATOR:
            return self._path(primary)
        return primary

    def _at_call(self) -> bool:
        token, after = self._peek(), self._peek(1)
        return (
            token.kind == NAME
            and after.kind == SYMBOL
            and after.text == "("
            and token.text not in _NODE_TYPES
        )

    def _call(self) -> Call:
        name = self._take().text
        self._at += 1
        arguments: list[Expr] = []
        if not self._accept(")"):
            arguments.append(self.expression(0))
            while self._accept(","):
                arguments.append(self.expression(0))
            self._expect(")")
        return Call(name, tuple(arguments))

    def _predicates(self) -> tuple[Expr, ...]:
        predicates: list[Expr] = []
        while self._accept("["):
            predicates.append(self.expression(0))
            self._expect("]")
        return tuple(predicates)

    # ---- paths

    def _path(self, base: Expr | None) -> Path:
        steps: list[Step] = []
        absolute = False
        if self._accept("/"):
            absolute = base is None
            if absolute and not self._at_step():
                return Path((), absolute=True)
        elif self._accept("//"):
            absolute = base is None
            steps.append(_DESCENDANTS)
        steps.append(self._step())
        while True:
            if self._accept("//"):
                steps.append(_DESCENDANTS)
            elif not self._accept("/"):
                break
            steps.append(self._step())
        return Path(tuple(steps), absolute, base)

    def _at_step(self) -> bool:
        token = self._peek()
        return token.kind == NAME or (
            token.kind in (SYMBOL, OPERATOR) and token.text in (".", "..", "@", "*")
        )

    def _step(self) -> Step:
        token = self._take()
        if token.kind == SYMBOL and token.text in (".", ".."):
            axis = "self" if token.text == "." else "parent"
            return Step(axis, _ANY_NODE, self._predicates())
        axis = "child"
        if token.kind == SYMBOL and token.text == "@":
            axis = "attribute"
            token = self._take()
        elif token.kind == NAME and self._peek().text == "::":
            axis = token.text
            if axis not in AXES:
                self._at -= 1
                raise self._error(f"there is no axis {axis!r}")
            self._at += 1
            token = self._take()
        return Step(axis, self._test(token), self._predicates())

    def _test(self, token: Token) -> NodeTest:
        if token.text == "*" and token.kind in (SYMBOL, OPERATOR):
            return NodeTest("name")
        if token.kind != NAME:
            self._at -= 1
            raise self._error("expected a name")
        if token.text in _NODE_TYPES and self._accept("("):
            name = "*"
            if token.text == "processing-instruction" and self._peek().kind == LITERAL:
                name = self._take().text[1:-1]
            self._expect(")")
            return NodeTest(_NODE_TYPES[token.text], name)
        return _name_test(token.text)


@lru_cache(maxsize=4096)
def _name_test(name: str) -> NodeTest:
    """Return the test of a name, which may have a prefix; one object serves all its uses."""
    prefix, colon, local = name.partition(":")
    return NodeTest("name", local, prefix) if colon else NodeTest("name", prefix)


@lru_cache(maxsize=4096)
def _plain_path(text: str) -> Path:
    """Return an absolute path of names."""
    return Path(tuple(_child(name) for name in text[1:].split("/")), absolute=True)


@lru_cache(maxsize=4096)
def _child(name: str) -> Step:
    return Step("child", _name_test(name))
