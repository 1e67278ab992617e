"""What ``fastsci COMMAND --help`` says before and after its list of options."""

RUN_HELP = """\
Integrate an ensemble, with a fixed step or a step a member, and say what came out.

SYSTEM is a name of the catalogue (`fastsci systems` lists them), with its size where it has one: lorenz96,
lorenz96:n=100; or a function of your own: model.py:name, or model.py where it holds a single one.  The function is
f(t, u, p) and returns a tuple, or f(t, u, p, du) and writes du; decorated by fastsci.system or bare.
"""

RUN_EPILOG = """\
initial states:
  --y0 takes CSV (with or without a header), NPY or Zarr, one row a member; one row alone serves every member.  A
  header may name the state variables in any order, and parameters, whose columns are then values per member.  Of a
  store that `fastsci run --out` wrote, the final states are taken, and the parameters that varied.
  Without --y0, every component of the system's default state is spread by a normal deviation of 1 % of itself plus
  0.1 % of the largest component, seeded by --seed; a single member starts at the default itself.

steps:
  --dt DT takes steps of DT.  Without it a method with an error estimate (`fastsci methods` calls it adaptive or stiff)
  chooses the steps of every member by --rtol and --atol, and any other method takes the system's own step.  Without
  --method it is RK4.

number of members:
  from --members, from the rows of --y0, or from the parameters: A:B:N makes N values, several such parameters make
  every combination (the last one named varies fastest).  All that are given must agree.

examples:
  fastsci run lorenz63 --members 100000 --plot lorenz.png
  fastsci run model.py:brusselator --members 1000000 --param b=2.5:3.5 --y0 y0.csv --t-end 20 --dt 0.01 --out ens.zarr
  fastsci run lorenz63 --members 10000 --method Tsit5 --rtol 1e-8 --saves 200 --out lorenz.zarr
  fastsci run robertson --method Rodas5P --t-end 1e5 --atol 1e-8,1e-12,1e-8
  fastsci run lorenz96:n=100 --param F=4:10:61 --saves 200 --out forcing.zarr

exit status: 0, 1 (the run failed), 2 (the command is wrong), 130 (Ctrl-C).
"""

BIFURCATE_HELP = """\
Iterate a map at many values of a parameter and show where its late iterations lie.

SYSTEM is a map: a name of the catalogue (`fastsci systems` lists them), with its size where it has one; or a function
of your own, model.py:name.  The function is f(t, u, p) and returns the next state as a tuple, or f(t, u, p, du) and
writes it to du; decorated by fastsci.system or bare.
"""

BIFURCATE_EPILOG = """\
files:
  .npz holds the parameter's values (n,) under its name, the states (n, keep) under that of the component, the numbers
  of the iterations (keep,) and the status (n,), negative where a member escaped.  .csv has one row a state, after
  the parameter and the number of the iteration.  .zarr is a store as `fastsci run --out` writes it.

examples:
  fastsci bifurcate logistic --param r=2.5:4:4000 --plot logistic.png
  fastsci bifurcate henon --param a=1:1.4:4000 --param b=0.3 --component x --keep 500 --plot henon.png
  fastsci bifurcate model.py:neuron --param k=0:0.1:2000 --y0 0.1,2 --transient 5000 --out neuron.npz

exit status: 0, 1 (every member escaped), 2 (the command is wrong), 130 (Ctrl-C).
"""

LYAPUNOV_HELP = """\
Measure the Lyapunov exponents of a flow or a map, at one place or over ranges of one or two parameters.

SYSTEM is a name of the catalogue (`fastsci systems` lists them), with its size where it has one: lorenz96,
lorenz96:n=100; or a function of your own: model.py:name.  A bare function is a flow unless --map is given.
"""

LYAPUNOV_EPILOG = """\
parameters:
  Without a range, all exponents are printed with their standard errors, and --plot shows how they converge.  One
  range makes a sweep: --plot draws the exponents against the parameter.  Two ranges always make a grid, every value
  of the one with every value of the other (also where both have the same number of values): --plot draws a map of the
  largest exponent, the range that is named first across and the other upwards.  A:B makes 400 values, of two ranges
  100 each.  Every member starts at the same state.

how long:
  10,000 steps are left out and 50,000 counted; of sweeps of more than 20,000 members fewer, down to 2,000 and 10,000.
  --t-transient and --t-total are in units of t, of a map in iterations.  The summary says what was used.

files:
  .csv has a row a member: the parameters that vary, the exponents, their standard errors, dimension, entropy and the
  status, negative where a member failed.  .npz holds the same, its arrays shaped (values of the first range, values of
  the second, ...), and without a range the history too.

examples:
  fastsci lyapunov lorenz63 --plot convergence.png
  fastsci lyapunov lorenz63 --param rho=0:200:512 --plot sweep.png
  fastsci lyapunov lorenz63 --param rho=0:200:512 --param sigma=5:20:512 --plot map.png
  fastsci lyapunov henon --param a=1:1.4:1000 --out henon.csv
  fastsci lyapunov model.py:neuron --dt 0.01 --t-transient 100 --t-total 5000 --k 2

exit status: 0, 1 (every member failed), 2 (the command is wrong), 130 (Ctrl-C).
"""

MEASURE_HELP = """\
Measure series: is it chaotic, how complex, how fast do neighbours part, how often does it come back?

DATA is a CSV file, with or without a header, or an NPY array, a row a time; every column is a series.  A column named t
or time is the time axis and gives --dt.  Cells that are empty, NA or nan are missing.
"""

MEASURE_EPILOG = """\
measures (names for --measures):
  zero_one      the 0-1 test, near 1 for chaos and near 0 for order; of every DELAY-th sample
  permutation   permutation entropy of order 5, from 0 (order) to 1 (noise); values DELAY samples apart
  complexity    statistical complexity of the same patterns: 0 for order and for noise, high for chaos
  sample        sample entropy, templates of 2 values, radius 0.2 standard deviations; in nats
  exponent      largest Lyapunov exponent per unit of time, by Rosenstein's method
  dimension     correlation dimension; one near DIM says that DIM is too small
  recurrence    share of the pairs of delay vectors that are closer than 0.2 times the attractor's size
  determinism   share of these that lie on diagonals of the recurrence plot

embedding:
  --embed DIM:DELAY embeds a series in DIM dimensions, values DELAY samples apart.  Without it DIM is 3, and DELAY is
  where the autocorrelation first falls below 1/e, or sooner, where the mutual information has its first minimum.
  Pairs less than DIM x DELAY samples apart count as neighbours in time and are left out.

long series:
  All but permutation and complexity take the last 20,000 values (--max-points): their cost grows with the square.

examples:
  fastsci measure eeg.csv --columns c3,c4 --dt 0.004
  fastsci measure lorenz.npy --dt 0.01 --embed 3:16 --plot lorenz.png --out lorenz.csv

exit status: 0, 1 (nothing could be measured), 2 (the command is wrong), 130 (Ctrl-C).
"""

DISCOVER_HELP = """\
Find the equations behind measured series: a sum of few terms for the derivative of each state (SINDy).

DATA is a CSV file, with or without a header, or an NPY array, a row a sample.  A column named t or time holds the
times; without one, --time says the step.  Columns without names are called x1, x2, ...
"""

DISCOVER_EPILOG = """\
terms:
  polynomials of the states and controls of degree 2; --degree takes others.  --library joins poly:DEGREE,
  fourier:FREQUENCIES (sines and cosines of 1, 2, ... times each state) and identity by + and *.  Terms whose
  coefficients are below --threshold are dropped, and the others fitted again, until none is.

noise:
  --differentiation takes finite_difference, smoothed_finite_difference, savitzky_golay, spectral, spline or
  total_variation, with parameters as in savitzky_golay:window_length=21.  --weak needs no derivatives at all.  Scaled
  data helps: the threshold compares coefficients, whose units are those of the columns.

uncertainties:
  standard errors of least squares on the terms that stay, which take errors as independent from sample to sample and
  the terms as known.  With --ensemble they are standard deviations over bootstraps of blocks of samples, and the share
  of models that hold a term is listed.

examples:
  fastsci discover lorenz.csv --plot lorenz.png
  fastsci discover noisy.csv --time 0.01 --weak --ensemble 100 --json model.json
  fastsci discover pendulum.csv --states angle,speed --controls torque --library poly:1+fourier:1
  fastsci discover counts.csv --map --degree 2 --trajectory plate --threshold path

exit status: 0, 1 (no term is left), 2 (the command is wrong), 130 (Ctrl-C).
"""
