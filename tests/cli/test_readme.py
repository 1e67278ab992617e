"""What the README shows runs, and what its tables list is all there is."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import fastsci
from fastsci.cli.catalogue import family
from fastsci.cli.parser import build_parser
from fastsci.result import MESSAGES

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


def section(title):
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.fixture(scope="module")
def session():
    """Names that the Python blocks have made, run one after the other."""
    names = {}
    for number, (language, text) in enumerate(BLOCKS):
        if language == "python":
            exec(compile(text, f"README.md, block {number}", "exec"), names)
    return names


def test_the_blocks_run_and_give_what_their_comments_say(session):
    members = session["members"]
    assert members == 65_536
    assert np.asarray(session["smooth"].sol(0.123)).shape == (1, 3)
    assert session["result"].t_events[0][1].round(4).tolist() == [0.6386, 1.7879, 2.8224]
    assert len(session["x"]) > 50
    np.testing.assert_allclose(session["x"], 0.0, atol=1e-9)
    assert (session["px"] > 0).all()
    assert session["stiff"].success.all()
    assert session["paths"].y_final.var() == pytest.approx(0.125, rel=0.05)
    swing = session["pendulum"].energy(session["swing"].y_final) + np.cos([1.0, 2.0])
    assert (np.abs(swing) < 1e-7).all()
    assert session["moved"].positions.shape == (2, 1000, 3)
    assert session["orbit"].y[:, 0].shape == (1201, 200)
    reduced = session["summary"].reduced
    assert reduced["mean"].shape == (1000, 3)
    assert (reduced["histogram_z"].sum(axis=1) == 10_000).all()
    assert reduced["last_crossing_x"].t.shape == (1000,)
    assert session["along"].shape == session["carried"].shape == session["pulled"].shape == (1000, 3)
    assert session["sensitivity"].shape == (1000, 3, 3)
    np.testing.assert_allclose(session["found"].exponents.sum(axis=1), -(10.0 + 1.0 + 8.0 / 3.0), atol=1e-3)
    assert session["rest"].points.shape == (3, 3)
    assert not session["rest"].stable.any()
    # Viswanath, Nonlinearity 16 (2003) 1035: the orbit AB.
    assert session["cycle"].periods.round(9).tolist() == [1.558652211]
    assert session["chaotic"].round(1).tolist() == [0.0, 1.0]
    assert session["model"].equations()[0] == "x' = -9.999 x + 9.999 y"
    assert session["s"].shape == (20,)
    np.testing.assert_allclose(session["modal"].rates.round(9), [-0.05 + 2.0j, -0.05 - 2.0j, 1.0j, -1.0j])
    np.testing.assert_allclose(session["fits"].rates, session["modal"].rates, atol=1e-9)
    np.testing.assert_allclose(session["curve"].mean[0], session["curve"].exact[0], rtol=0.1)
    assert session["lorenz_found"].rhs(0.0, [1.0, 2.0, 20.0]).round(1).tolist() == [10.0, 6.0, -51.3]
    assert session["weak"].complexity == session["bags"].complexity == 7
    assert session["field"].equations() == ["u_t = -1.000 u_x + 0.100 u_xx"]


def test_the_commands_are_commands():
    lines = [line for language, text in BLOCKS if language == "sh" for line in text.splitlines()]
    commands = [re.split(r"(?:^|&& \S*/)fastsci ", line)[-1] for line in lines if "fastsci " in line]
    assert len(commands) >= 3
    for command in commands:
        assert build_parser().parse_args(shlex.split(command)).command


def test_the_table_of_methods_lists_every_method_in_its_family():
    listed = {
        name: row.split("|")[1].strip().partition(",")[0]
        for row in section("Methods").splitlines()
        if row.startswith("|")
        for name in re.findall(r"\w+", row.split("|")[2])
        if name in fastsci.methods()
    }
    assert listed == {name: family(name) for name in fastsci.methods()}


def test_the_table_of_statuses_lists_them_all():
    rows = re.findall(r"^\| (-?\d+) \|", section("When something goes wrong"), re.MULTILINE)
    assert set(map(int, rows)) == set(MESSAGES)
