// A number of each example in a block of LANES examples. gcc and clang compute with such vectors as with numbers.
// With -DALONE a block is one example: a vector of one takes as long as one that is full.
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define SINGLE 0
#if SINGLE
typedef float real;
typedef int32_t whole;
#else
typedef double real;
typedef int64_t whole;
#endif

#if defined(__GNUC__) && !defined(ALONE)
#define VECTORS 1
#define CALLED static __attribute__((noinline, unused))  // which compiles in half the time, and is as fast
#pragma GCC diagnostic ignored "-Wpsabi"  // these vectors are handed to functions of this file alone
#define LANES ((int)(64 / sizeof(real)))
#define LANE(x, l) ((x)[l])
typedef real vec __attribute__((vector_size(64), aligned(64)));
typedef whole mask __attribute__((vector_size(64), aligned(64)));  // all bits of a lane, or none
#else
#define LANES 1
#define LANE(x, l) (x)
typedef real vec;
typedef whole mask;
#endif

static inline vec spread(real x) { return x - (vec){0}; }

static inline real sum_of_lanes(vec x)
{
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++) LANE(x, l) += LANE(x, l + half);
    return LANE(x, 0);
}

// Whether one of the numbers is nan or infinite.
static inline int unsound(const real *x, long count)
{
    int found = 0;
    for (long k = 0; k < count; k++) found |= !(x[k] - x[k] == 0);
    return found;
}

// Copies a block of rows, a number of each after the other; returns whether nan is among them.
static inline int load(vec *x, const real *rows_of, long width, long first, long rows)
{
    int missing = 0;
    for (int l = 0; l < LANES; l++) {
        const real *row = rows_of + width * (first + l < rows ? first + l : rows - 1);
        for (long k = 0; k < width; k++) {
            missing |= row[k] != row[k];
            LANE(x[k], l) = row[k];
        }
    }
    return missing;
}

// An entry of `count` whose place is data: nan where there is no such place.
static inline int is_place(real i, long count) { return i >= 0 && i < count && i == floor(i); }
static inline real gathered_one(const real *x, long step, long count, real i)
{
    return is_place(i, count) ? x[step * (long)i] : NAN;
}
static inline vec gathered(const real *x, long step, long count, vec i)
{
    vec y = i;
    for (int l = 0; l < LANES; l++) LANE(y, l) = gathered_one(x, step, count, LANE(i, l));
    return y;
}
static inline vec gathered_each(const vec *x, long step, long count, vec i)
{
    vec y = i;
    for (int l = 0; l < LANES; l++) LANE(y, l) = is_place(LANE(i, l), count) ? LANE(x[step * (long)LANE(i, l)], l) : NAN;
    return y;
}
static inline void scatter_one(real *x, long count, real i, real y)
{
    if (is_place(i, count)) x[(long)i] += y;
}
static inline void scatter(real *x, long count, vec i, vec y)
{
    for (int l = 0; l < LANES; l++) scatter_one(x, count, LANE(i, l), LANE(y, l));
}

// 1 for an example; 0 for the copies of the last one that fill its block.
static inline vec lives(long first, long rows)
{
    vec x = (vec){0};
    for (int l = 0; l < LANES; l++) LANE(x, l) = first + l < rows;
    return x;
}

#ifdef VECTORS
static inline vec choose(mask m, vec a, vec b) { return (vec)(((mask)a & m) | ((mask)b & ~m)); }
static inline vec ones(mask m) { return (vec)(m & (mask)spread(1)); }
static inline vec absolute_each(vec x) { return (vec)((mask)x & ~(mask)spread((real)-0.0)); }
// The size of y with the sign of x, that of a zero too.
static inline vec signed_as(vec y, vec x) { return (vec)((mask)absolute_each(y) | ((mask)x & (mask)spread((real)-0.0))); }
static inline int any(mask m)
{
    whole found = 0;
    for (int l = 0; l < LANES; l++) found |= m[l];
    return found != 0;
}
#else
static inline vec choose(mask m, vec a, vec b) { return m ? a : b; }
static inline vec ones(mask m) { return (vec)(m != 0); }
static inline vec absolute_each(vec x) { return (vec)fabs(x); }
static inline vec signed_as(vec y, vec x) { return (vec)copysign(y, x); }
#endif

static inline vec maximum(vec a, vec b) { return choose(a > b, a, choose(a <= b, b, a + b)); }
static inline vec minimum(vec a, vec b) { return choose(a < b, a, choose(a >= b, b, a + b)); }
static inline real larger(real a, real b) { return a > b ? a : a <= b ? b : a + b; }
static inline real smaller(real a, real b) { return a < b ? a : a >= b ? b : a + b; }
static inline real power(real a, real b) { return (real)pow(a, b); }

// The C library, lane by lane.
#define EACH(name, f) \
    static inline vec name(vec x) \
    { \
        vec y = x; \
        for (int l = 0; l < LANES; l++) LANE(y, l) = (real)f(LANE(x, l)); \
        return y; \
    }
EACH(sqrt_each, sqrt)
EACH(sin_each, sin)
EACH(cos_each, cos)
EACH(tan_each, tan)
EACH(arcsin_each, asin)
EACH(arccos_each, acos)
EACH(arctan_each, atan)
EACH(sinh_each, sinh)
EACH(cosh_each, cosh)
EACH(log2_each, log2)
EACH(log10_each, log10)
static inline vec power_each(vec a, vec b)
{
    vec y = a;
    for (int l = 0; l < LANES; l++) LANE(y, l) = power(LANE(a, l), LANE(b, l));
    return y;
}

#if defined(VECTORS) && !SINGLE
EACH(log_lanes, log)
EACH(log1p_lanes, log1p)
EACH(expm1_lanes, expm1)

// 2 to the power of a whole number from -1022 to 1023.
static inline vec power_of_two(mask k) { return (vec)((k + 1023) << 52); }

// x = k ln 2 + r with |r| below 0.35; gives exp(r) - 1 in two parts, r and the rest of its series. Cody and Waite 1980.
static inline vec reduced(vec x, mask *k, vec *rest)
{
    const real magic = 0x1.8p52;  // adding it leaves a whole number in the last bits
    const vec t = x * 0x1.71547652b82fep0 + magic;
    const vec whole_part = t - magic;
    const vec coarse = x - whole_part * 0x1.62e42fefa38p-1, fine = whole_part * 0x1.ef35793c7673p-45, r = coarse - fine;
    static const real inverse[] = {  // 1/13!, 1/12!, ..., 1/3!
        1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
        1.0 / 5040,       1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,
    };
    vec p = spread(inverse[0]);
    for (int i = 1; i < 11; i++) p = p * r + inverse[i];
    *k = (mask)t - (mask)spread(magic);
    *rest = r * r * (p * r + 0.5) + ((coarse - r) - fine);
    return r;
}

CALLED vec exp_each(vec x)
{
    mask k;
    vec rest;
    x = choose(x > 710.0, spread(710), choose(x < -746.0, spread(-746), x));  // overflows, or vanishes, in the product
    const vec r = reduced(x, &k, &rest);
    const mask half = k >> 1;
    return (1.0 + (r + rest)) * power_of_two(half) * power_of_two(k - half);
}

// exp(x) - 1 for |x| below 700: the sum of 2^k - 1 and 2^k r, what its rounding loses, and the rest.
static inline vec expm1_inside(vec x)
{
    mask k;
    vec rest;
    const vec r = reduced(x, &k, &rest), scale = power_of_two(k), whole_part = scale - 1.0, sum = whole_part + scale * r;
    const vec lost = scale * r - (sum - whole_part);
    return sum + (scale * rest + lost);
}

CALLED vec expm1_each(vec x)
{
    if (any(~(absolute_each(x) < 700.0))) return expm1_lanes(x);
    return signed_as(expm1_inside(x), x);
}

CALLED vec log_each(vec x)
{
    if (any(~((x > 0x1p-1022) & (x < INFINITY)))) return log_lanes(x);
    const mask bits = (mask)x - (mask)spread(0x1.6a09e667f3bcdp-1);  // of the square root of 1/2
    const mask k = bits >> 52;
    const vec f = (vec)((mask)x - (k << 52)) - 1.0;  // x = 2^k (1 + f)
    const vec s = f / (2.0 + f), square = s * s, half = 0.5 * f * f;
    vec p = spread(2.0 / 21);  // log(1 + f) = 2 (s + s^3/3 + s^5/5 + ...)
    for (int i = 19; i > 1; i -= 2) p = p * square + 2.0 / i;
    const vec whole_part = (vec)((k + 0x4338000000000000) ) - 0x1.8p52;
    return whole_part * 0x1.62e42fefa38p-1 + (f - (half - (s * (half + square * p) + whole_part * 0x1.ef35793c7673p-45)));
}

CALLED vec log1p_each(vec x)
{
    const vec u = 1.0 + x;
    if (any(~((x > -1.0) & (x < 1e300)))) return log1p_lanes(x);
    return log_each(u) + (x - (u - 1.0)) / u;
}
#else
EACH(exp_each, exp)
EACH(expm1_each, expm1)
EACH(log_each, log)
EACH(log1p_each, log1p)
#endif

// tanh(x), given e = exp(-2|x|), which its derivative has too. Near 0, where 1 - e keeps few digits, x - tanh(x) is
// Lambert's continued fraction, cut off: it is right to 4e-21 there.
static inline vec tanh_of(vec x, vec e)
{
    const vec size = absolute_each(x);
    const mask near = size < (real)0.6;
    const vec a = choose(near, size, spread(0)), s = a * a;
    const vec p = a * s * (((44 * s + 12870) * s + 810810) * s + (real)11486475);
    const vec q = (((45 * s + 13860) * s + 945945) * s + (real)16216200) * s + (real)34459425;
    const vec y = choose(near, p, 1 - e) / choose(near, q, 1 + e);
    return signed_as(choose(near, size - y, y), x);
}
