"""The table of seeded faults does not rot, and who judges them can be relied on."""

import ast
from dataclasses import replace

import pytest

from mutants.mutant import DoesNotApply, Mutant
from mutants.table import MUTANTS
from mutants.trial import ROOT, Unable, check_sound, copy_of_checkout, judge


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_a_mutant_fits_the_source_and_names_a_test_that_there_is(mutant):
    mutated = mutant.mutated((ROOT / mutant.path).read_text())
    if mutant.path.endswith(".py"):
        ast.parse(mutated)  # else its test would die of that
    path, _, name = mutant.test.partition("::")
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse((ROOT / path).read_text())
    assert name in {each.name for each in tree.body if isinstance(each, functions)}


def test_no_two_mutants_share_a_name():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_a_mutant_whose_place_has_changed_is_said():
    mutant = Mutant("gone", "P1", "", "README.md", "no such text", "", "")

    with pytest.raises(DoesNotApply, match=r"README\.md holds its text 0 times"):
        mutant.mutated("Something else.")


def test_a_trial_tells_died_from_survived_from_broken():
    fatal = next(each for each in MUTANTS if each.name == "read-pointer-goes-back")
    harmless = replace(fatal, new=f"{fatal.old}                        # A comment.\n")
    broken = replace(fatal, new="no python at all(\n")
    with copy_of_checkout() as checkout:
        check_sound(checkout, [fatal])
        assert judge(checkout, fatal).has_died
        assert not judge(checkout, harmless).has_died
        with pytest.raises(Unable):
            judge(checkout, broken)
        assert (checkout / fatal.path).read_text() == (ROOT / fatal.path).read_text()
