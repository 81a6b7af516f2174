"""Which machines have wheels, and which wheels they are."""

from __future__ import annotations

import pytest

from edge.deployment.target import Target

PI = Target("arm64", (3, 11, 2), (2, 36))


def test_a_raspberry_pi_of_today_has_no_problem() -> None:
    assert PI.problems() == []
    assert Target("amd64", (3, 13, 5), (2, 41)).problems() == []


@pytest.mark.parametrize(
    ("target", "got", "fix"),
    [
        (Target("armhf", PI.python, PI.glibc), "got armhf", "64-bit Raspberry Pi OS"),
        (Target("riscv64", PI.python, PI.glibc), "got riscv64", "64-bit Raspberry Pi OS"),
        (Target("", PI.python, PI.glibc), "got none", "64-bit Raspberry Pi OS"),
        (Target("arm64", (3, 9, 2), PI.glibc), "got 3.9.2", "bookworm"),
        (Target("arm64", (), PI.glibc), "python3: not found", "apt install"),
        (Target("arm64", PI.python, (2, 27)), "got glibc 2.27", "bookworm"),
        (Target("arm64", PI.python, ()), "expected glibc", "Raspberry Pi OS"),
    ],
)
def test_a_machine_without_wheels_is_named_with_the_fix(target: Target, got: str, fix: str) -> None:
    (problem,) = target.problems()
    assert got in problem
    assert fix in problem.partition("fix: ")[2]


def test_every_problem_is_listed() -> None:
    assert len(Target("armhf", (3, 7), (2, 24)).problems()) == 3


def test_wheels_of_older_libraries_run_as_well_and_those_of_newer_ones_do_not() -> None:
    platforms = PI.platforms
    assert {"manylinux_2_36_aarch64", "manylinux_2_28_aarch64", "manylinux_2_17_aarch64"} <= set(platforms)
    assert "manylinux2014_aarch64" in platforms
    assert "manylinux_2_37_aarch64" not in platforms
    assert not any("x86_64" in platform for platform in platforms)
