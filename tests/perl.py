"""A language of one file, thrown away after its test: Perl, in subroutines that loop over plain lists of numbers.

An array is [rows, columns, numbers]. Nothing in the library knows of it.
"""

from __future__ import annotations

import math
import subprocess

import numpy as np

from autograd.languages.forms import Form, Language


def literal(x):
    """A number in Perl."""
    return repr(x) if math.isfinite(x) else "(9**9**9 / 9**9**9)" if x != x else f"({'-' * (x < 0)}9**9**9)"


ONE = [
    "absolute",
    "exp",
    "log",
    "log1p",
    "expm1",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "arctan",
    "tanh",
    "negative",
    "positive",
]
TWO = ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "greater", "less", "greater_equal"]
TWO += ["less_equal", "equal", "not_equal"]
ARRAYS = [
    "matmul",
    "picked",
    "transpose",
    "repeat",
    "flatten",
    "sum_rows",
    "sum_columns",
    "sum_batch",
    "max_rows",
    "others",
    "gather",
    "element",
]

PERL = Language(
    {word: Form(f"{word}_({{*}})") for word in [*ONE, *TWO, *ARRAYS, "where", "stack", "largest"]}
    | {
        "mask": Form("where_({}, 1, 0)"),
        "slice": Form("slice_({}, {}, {})"),
        "every": Form("every_({}, {}, {}, {})"),
        "reshape": Form("reshape_({}, {}, {})"),
        "split": Form("split_({}, {}, {})"),
        "scatter": Form("scatter_({}, {}, {}, {})"),
        "sums_at": Form("sums_at_({}, {}, {})"),
        "broadcast": Form(lambda r, c, batched: f"broadcast_({{}}, {r}, {c}{' * $n' * batched})"),
        "full": Form(lambda r, c, batched: f"broadcast_({{}}, {r}, {c}{' * $n' * batched})"),
    },
    literal,
    name="${}",
    assign="my ${} = {};",
    reserved=frozenset({"theta", "n", "a", "b", "_"}),
)

_SCALARS = {
    "absolute": "abs($x)", "exp": "exp($x)", "log": "log($x)", "log1p": "POSIX::log1p($x)", "expm1": "POSIX::expm1($x)",
    "sqrt": "sqrt($x)", "sin": "sin($x)", "cos": "cos($x)", "tan": "POSIX::tan($x)", "arctan": "POSIX::atan($x)",
    "tanh": "POSIX::tanh($x)", "negative": "-$x", "positive": "$x",
    "add": "$x + $y", "subtract": "$x - $y", "multiply": "$x * $y", "divide": "$x / $y", "power": "$x ** $y",
    "maximum": "$x > $y ? $x : $y", "minimum": "$x < $y ? $x : $y", "greater": "$x > $y ? 1 : 0", "less": "$x < $y ? 1 : 0",
    "greater_equal": "$x >= $y ? 1 : 0", "less_equal": "$x <= $y ? 1 : 0", "equal": "$x == $y ? 1 : 0",
    "not_equal": "$x != $y ? 1 : 0", "where": "$x ? $y : $z",
}  # fmt: skip

HELPERS = r"""
use strict; use warnings; use utf8; use POSIX ();
sub array { ref $_[0] ? $_[0] : [1, 1, [$_[0]]] }
sub shared {  # a function of numbers, over arrays that are broadcast
    my ($f, @x) = @_;
    return $f->(@x) unless grep { ref } @x;
    @x = map { array($_) } @x;
    my ($r, $c) = (1, 1);
    for (@x) { $r = $_->[0] if $_->[0] > $r; $c = $_->[1] if $_->[1] > $c }
    my @out;
    for my $i (0 .. $r - 1) { for my $j (0 .. $c - 1) {
        push @out, $f->(map { $_->[2][($_->[0] > 1 ? $i : 0) * $_->[1] + ($_->[1] > 1 ? $j : 0)] } @x) } }
    return [$r, $c, \@out];
}
sub largest_ { my $m = shift; for (@_) { $m = $_ if $_ > $m } $m }
sub picked_ { my ($x, $at) = @_; my $c = $x->[1];
    return [@$at[0, 1], [map { $x->[2][$_] } @{$at->[2]}]] if $c == 1;
    [scalar @{$at->[2]}, $c, [map { my $i = $_; @{$x->[2]}[$i * $c .. $i * $c + $c - 1] } @{$at->[2]}]] }
sub slice_ { my ($x, $from, $to) = @_; my $c = $x->[1];
    [$to - $from, $c, [@{$x->[2]}[$from * $c .. $to * $c - 1]]] }
sub every_ { my ($x, $from, $to, $step) = @_; my $c = $x->[1]; my @d;
    for (my $i = $from; $i < $to; $i += $step) { push @d, @{$x->[2]}[$i * $c .. $i * $c + $c - 1] } [@d / $c, $c, \@d] }
sub reshape_ { my ($x, $r, $c) = @_; [$r, $c < 0 ? @{$x->[2]} / $r : $c, $x->[2]] }
sub flatten_ { [scalar @{$_[0][2]}, 1, $_[0][2]] }
sub transpose_ { my ($r, $c, $d) = @{$_[0]};
    [$c, $r, [map { my $j = $_; map { $d->[$_ * $c + $j] } 0 .. $r - 1 } 0 .. $c - 1]] }
our $n = 1;
sub repeat_ { my ($r, $c, $d) = @{$_[0]}; [$r, $c * $n, [map { ($_) x $n } @$d]] }
sub broadcast_ { my ($x, $r, $c) = @_; shared(sub { $_[0] }, $x, [$r, $c, [(0) x ($r * $c)]]) }
sub stack_ { my $r = 0; $r += $_->[0] for @_; [$r, $_[0][1], [map { @{$_->[2]} } @_]] }
sub sum_rows_ { my ($r, $c, $d) = @{$_[0]}; my @s = (0) x $c;
    for my $i (0 .. $r - 1) { $s[$_] += $d->[$i * $c + $_] for 0 .. $c - 1 } [1, $c, \@s] }
sub sum_columns_ { my ($r, $c, $d) = @{$_[0]}; my @s = (0) x $r;
    for my $i (0 .. $r - 1) { $s[$i] += $d->[$i * $c + $_] for 0 .. $c - 1 } [$r, 1, \@s] }
sub split_ { my ($x, $r, $c) = @_; [$r, $c, $x->[2]] }
sub sum_batch_ { my ($r, $c, $d) = @{$_[0]}; my $k = @$d / ($r * $c);
    [$r, $c, sum_columns_([$r * $c, $k, $d])->[2]] }
sub max_rows_ { my ($r, $c, $d) = @{$_[0]}; my @m = @$d[0 .. $c - 1];
    for my $i (1 .. $r - 1) { for (0 .. $c - 1) { $m[$_] = $d->[$i * $c + $_] if $d->[$i * $c + $_] > $m[$_] } } [1, $c, \@m] }
sub others_ { my ($r, $c, $d) = @{$_[0]}; my @s = (0) x ($r * $c);
    for my $i (0 .. $r - 1) { for my $k (0 .. $r - 1) { next if $i == $k; $s[$i * $c + $_] += $d->[$k * $c + $_] for 0 .. $c - 1 } }
    [$r, $c, \@s] }
sub scatter_ { my ($at, $x, $first, $size) = @_; my $c = $x->[1]; my @s = (0) x ($size * $c); my $i = 0;
    for my $k (@{$at->[2]}) { $s[$k * $c + $_] += $x->[2][$i * $c + $_] for 0 .. $c - 1; $i++ } [$size, $c, \@s] }
sub gather_ { my ($x, $at) = @_; my $c = $x->[1];
    [$x->[0], scalar @{$at->[2]}, [map { my $i = $_; map { $x->[2][$i * $c + $_] } @{$at->[2]} } 0 .. $x->[0] - 1]] }
sub element_ { my ($x, $at) = @_; my ($r, $c, $d) = @$x; my $n = @{$at->[2]}; my $m = $n > $c ? $n : $c;
    [1, $m, [map { $d->[$at->[2][$n > 1 ? $_ : 0] * $c + ($c > 1 ? $_ : 0)] } 0 .. $m - 1]] }
sub sums_at_ { my ($x, $at, $size) = @_; my ($r, $c, $d) = @$x; my @s = (0) x ($r * $size);
    for my $i (0 .. $r - 1) { $s[$i * $size + $at->[2][$_]] += $d->[$i * $c + $_] for 0 .. $c - 1 } [$r, $size, \@s] }
sub matmul_ { my ($x, $y) = @_; my ($r, $k, $c, @out) = ($x->[0], $x->[1], $y->[1]);
    for my $i (0 .. $r - 1) { for my $j (0 .. $c - 1) {
        my $s = 0; $s += $x->[2][$i * $k + $_] * $y->[2][$_ * $c + $j] for 0 .. $k - 1; push @out, $s } } [$r, $c, \@out] }
"""
HELPERS += "".join(
    f"sub {word}_ {{ shared(sub {{ my ($x, $y, $z) = @_; {text} }}, @_) }}\n" for word, text in _SCALARS.items()
)


def array(x):
    """NumPy's array as one of Perl's."""
    x = np.asarray(x)
    r, c = (*x.shape, 1)[:2] if x.ndim else (1, 1)
    return f"[{r}, {c}, [{', '.join(literal(float(v)) for v in x.ravel())}]]"


def function(f, theta, data):
    """A program in Perl that runs the function on these numbers, and prints its results."""
    head = [f"my $theta = {array(theta)};"]
    head += [f"$n = {len(x)};" for x in data[:1]]
    head += [f"my ${name} = {array(np.reshape(x, (len(x), -1)).T)};" for name, x in zip(f.arguments, data, strict=True)]
    head += [f"my ${name} = {array(x)};" for name, x in f.context.constants.items()]
    results = [f.output, *["gradient"] * (f.slope is not None)]
    tail = [rf'print join(" ", map {{ sprintf("%.17g", $_) }} @{{${x}->[2]}}), "\n";' for x in results]
    return "\n".join([HELPERS, *head, *f.lines, *tail])


def run(text):
    """The numbers that a program in Perl prints, a list for each line."""
    done = subprocess.run(["perl", "-"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [[float(x) for x in line.split()] for line in done.stdout.splitlines()]
