"""The two ways an expression fails: it cannot be read, or it met a value it cannot use."""

from shared.errors import FormError


class ExpressionError(FormError):
    """An expression cannot be read, or calls what does not exist."""

    code = "FORM-003"


class EvaluationError(FormError):
    """An expression met a value it cannot use."""

    code = "FORM-004"
