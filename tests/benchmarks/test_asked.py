"""A page of figures names the command that makes it again, and nobody's folders."""

import pytest

from benchmarks.asked import command


@pytest.mark.parametrize(
    "words",
    [
        ["--quick", "--out", "/home/ada/page.md", "--rounds", "2"],
        ["--out=/home/ada/page.md", "--quick", "--rounds", "2"],
        ["--home", "/home/ada", "--quick", "--rounds", "2"],
    ],
)
def test_it_is_told_without_the_folders_of_who_ran_it(words):
    assert command("benchmarks.stores", words) == "python -m benchmarks.stores --quick --rounds 2"
