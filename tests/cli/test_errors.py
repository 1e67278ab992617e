"""What is wrong with a command is said in one line, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fastsci.cli import main
from fastsci.cli import run as run_command


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "required: SYSTEM"),
        (["nonsense"], "invalid choice: 'nonsense'"),
        ([], "required: COMMAND"),
        (["run", "lorenz63", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["run", "lorenz69"], "did you mean 'lorenz96'"),
        (["run", "lorenz96:n=2"], "at least 4"),
        (["run", "lorenz96:n=many"], "write lorenz96:n=100"),
        (["run", "model"], "of the file write model.py:NAME"),
        (["run", "missing.py:f"], "missing.py: cannot be read"),
        (["run", "model.py"], None),
        (["run", "model.py:nothing"], "has no 'nothing'; it has reaction"),
        (["run", "model.py:math"], "is a module, expected a function"),
        (["run", "model.py:helper"], "takes 1 arguments"),
        (["run", "model.py:bare", "--dt", "0.1", "--t-end", "1"], "no default for k, friction"),
        (["run", "model.py:bare", "--param", "k=1", "--param", "friction=1"], "--y0: is missing"),
        (["run", "lorenz63", "--members", "0"], "--members: is 0, expected at least 1"),
        (["run", "lorenz63", "--members", "few"], "invalid int value: 'few'"),
        (["run", "lorenz63", "--seed", "-1", "--members", "2"], "--seed: is -1"),
        (["run", "lorenz63", "--dt", "0"], "--dt: is 0, expected a positive step"),
        (["run", "lorenz63", "--dt", "nan"], "--dt: is nan"),
        (["run", "lorenz63", "--dt", "-0.1"], "--t-end before --t-start"),
        (["run", "lorenz63", "--t-end", "inf"], "expected finite"),
        (["run", "lorenz63", "--method", "RK5"], "--method: no method 'RK5'; did you mean"),
        (["run", "lorenz63", "--device", "tpu"], "--device: is 'tpu'"),
        (["run", "lorenz63", "--dtype", "int8"], "--dtype: is 'int8'"),
        (["run", "lorenz63", "--saves", "1"], "at least 2"),
        (["run", "lorenz63", "--save-every", "0"], "expected a positive time"),
        (["run", "lorenz63", "--saves", "3", "--save-every", "1"], "not allowed with"),
        (["run", "lorenz63", "--param", "tau=1"], "no parameter 'tau'; it has sigma, rho, beta"),
        (["run", "lorenz63", "--param", "rho"], "write NAME=V"),
        (["run", "lorenz63", "--param", "rho=high"], "holds no numbers"),
        (["run", "lorenz63", "--param", "rho=inf"], "not finite"),
        (["run", "lorenz63", "--param", "rho=1:2:3:4"], "no range"),
        (["run", "lorenz63", "--param", "rho=1:2:0"], "at least 1"),
        (["run", "lorenz63", "--param", "rho=1:2"], "say over how many members rho is spread"),
        (["run", "lorenz63", "--param", "rho=1", "--param", "rho=2"], "given twice"),
        (["run", "lorenz63", "--param", "rho=1:2:3", "--members", "4"], "--members: 4, --param rho: 3"),
        (["run", "lorenz63", "--plot", "a.gif"], "--plot: a.gif ends in none of"),
        (["run", "lorenz63", "--plot", "nowhere/a.png"], "no folder nowhere"),
        (["run", "lorenz63", "--out", "nowhere/a.zarr"], "no folder nowhere"),
        (["cache"], "required: action"),
        (["cache", "burn"], "invalid choice"),
    ],
)  # fmt: skip
def test_a_wrong_command_is_refused_before_anything_is_computed(refused, monkeypatch, words, said):
    if said is None:
        Path("model.py").write_text("def f(t, u, p):\n    return 1\ndef g(t, u, p):\n    return 1\n")
        said = "model.py holds f, g; say which: model.py:f"
    assert said in refused(*words)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ny = 1 / 0\n", "model.py, line 2: ZeroDivisionError: division by zero"),
        ("def f(t, u, p)\n    pass\n", "model.py, line 1: SyntaxError: expected ':'"),
        ("import no_such_library\n", "model.py, line 1: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "model.py, line 1: SystemExit: 3"),
        ("x = 1\n", "model.py holds no system; write def name"),
    ],
)
def test_a_file_that_cannot_be_run_is_refused_with_its_line(refused, text, said):
    Path("model.py").write_text(text)
    assert said in refused("run", "model.py")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return [y, -x]", "returned a list"),
        ("return y,", "returned 1 values, expected 2"),
        ("return y, undefined", "name 'undefined' is not defined"),
        ("return y, -x * len(json.dumps([1]))", "json.dumps has no compiled form"),
    ],
)
def test_a_function_that_cannot_be_used_is_refused_with_its_line(refused, body, said):
    Path("model.py").write_text(f"import json\ndef f(t, u, p):\n    x, y = u\n    {body}\n")
    Path("y0.csv").write_text("1,2\n")
    assert said in refused("run", "model.py", "--y0", "y0.csv", "--dt", "0.1", "--t-end", "1")


def test_a_file_imports_its_neighbours_and_leaves_nothing_beside_itself(command, folder):
    (folder / "neighbour_of_model.py").write_text("RATE = 2.0\n")
    (folder / "model.py").write_text(
        "from neighbour_of_model import RATE\ndef decay(t, u, p):\n    x, = u\n    return -RATE * x,\n"
    )
    (folder / "y0.csv").write_text("1\n")
    status, out, _ = command("run", "model.py", "--y0", "y0.csv", "--dt", "0.01", "--t-end", "1")
    assert status == 0
    assert any("x in [0.135335, 0.135335]" in line for line in out)
    assert str(folder) not in sys.path


def test_what_exists_is_replaced_on_demand_alone(command, refused, folder):
    words = ("run", "lorenz63", "--t-end", "0.1", "--quiet", "--out", "a.zarr")
    assert command(*words)[0] == 0
    assert "exists already" in refused(*words)
    before = (folder / "a.zarr" / "zarr.json").read_text()
    assert command(*words, "--overwrite", "--members", "2")[0] == 0
    assert (folder / "a.zarr" / "zarr.json").read_text() != before
    (folder / "papers").mkdir()
    (folder / "papers" / "thesis.tex").write_text("ten years")
    assert "is no Zarr store" in refused(*words[:-1], "papers", "--overwrite")
    assert (folder / "papers" / "thesis.tex").exists()


def test_a_run_that_breaks_leaves_no_store(command, monkeypatch, folder):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_command.storage.EnsembleStore, "write", full)
    status, _, err = command("run", "lorenz63", "--t-end", "0.1", "--out", "a.zarr")
    assert status == 1
    assert err == ["fastsci: error: [Errno 28] No space left on device"]
    assert sorted(path.name for path in folder.iterdir()) == ["model.py"]


def test_an_unforeseen_error_is_one_line_and_raised_on_demand(command, monkeypatch):
    def broken(*_, **__):
        raise KeyError("gone")

    monkeypatch.setattr(run_command, "find_system", broken)
    status, _, err = command("run", "lorenz63")
    assert status == 1
    assert len(err) == 1
    assert "unexpected KeyError" in err[0]
    monkeypatch.setenv("FASTSCI_DEBUG", "1")
    with pytest.raises(KeyError):
        main(["run", "lorenz63"])


def test_control_c_ends_with_one_line_and_no_store(folder):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    words = ("run", "lorenz63", "--members", "200000", "--t-end", "10000", "--out", "a.zarr")
    with subprocess.Popen(
        [sys.executable, "-m", "fastsci", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=folder, env=environment,
    ) as running:  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while not list(folder.glob(".a.zarr*")):
                assert running.poll() is None, running.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            time.sleep(0.5)  # the store is laid out, which zarr does in a thread that speaks up when it is cut short
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=20)
        finally:
            running.kill()
    assert running.returncode == 130
    assert err == "fastsci: interrupted\n"
    assert sorted(path.name for path in folder.iterdir()) == ["model.py"]
