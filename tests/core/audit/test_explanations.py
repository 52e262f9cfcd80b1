"""Whatever a check can find has words, and no words are kept for what it can't."""

import ast
from pathlib import Path

from core.audit.explanations import EXPLANATIONS

# Codes of secrets at rest, which are in no chain.
ELSEWHERE = {"password_hash_malformed", "seal_malformed", "seal_not_opened"}
READ = ("canonical.py", "envelope.py", "audit/**/*.py", "operations/**/*.py", "people/**/*.py")
# `Fault(file, line, code)` has its code third; the others first.
PLACES = {"Fault": 2, "IntegrityFault": 0}


def codes_raised(core: Path) -> set[str]:
    codes: set[str] = set()
    for pattern in READ:
        for path in core.glob(pattern):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                codes.update(_codes_of(node))
    return codes


def _codes_of(node: ast.AST) -> set[str]:
    """Codes as they are written at a call or an end of `_end_code` and `_line_fault`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PLACES:
        place = PLACES[node.func.id]
        argument = node.args[place] if len(node.args) > place else None
        return {str(argument.value)} if isinstance(argument, ast.Constant) else set()
    if isinstance(node, ast.FunctionDef) and node.name in ("_end_code", "_line_fault"):
        return {
            found.value
            for inner in ast.walk(node)
            if isinstance(inner, ast.Return)
            for found in ast.walk(inner)
            if isinstance(found, ast.Constant) and isinstance(found.value, str) and "_" in found.value
        }
    return set()


def test_every_fault_has_words_and_all_words_have_a_fault() -> None:
    core = Path(__file__).resolve().parents[3] / "core"
    assert codes_raised(core) - ELSEWHERE == set(EXPLANATIONS)
