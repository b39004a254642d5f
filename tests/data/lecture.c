// The output of every row of data.
int forward(long rows, const real *theta, const real *x_rows, real *out)
{
    int missing = 0;  // whether the data hold nan
    const real n = rows;
    (void)n, (void)theta;
    static const real others_2[4] = {0.0, 1.0, 1.0, 0.0};  // multiplied by it, every entry becomes the sum of all others
    feclearexcept(FE_ALL_EXCEPT);
    // f1: x2 = W1·x
    const real *W1 = theta + 0;
    // f2: x3 = x2 + w10
    const real *w10 = theta + 12;
    // f4: x5 = W2·x4
    const real *W2 = theta + 16;
    // f5: x6 = x5 + w20
    const real *w20 = theta + 24;
    for (long first = 0; first < rows; first += LANES) {
        vec x[3];
        missing |= load(x, x_rows, 3, first, rows);
        vec x2[4];
        for (int i = 0; i < 4; i++) {
            vec s0 = (vec){0};
            for (int j = 0; j < 3; j++) {
                s0 += W1[i * 3 + j] * x[j];
            }
            x2[i] = s0;
        }
        vec x3[4];
        for (int i = 0; i < 4; i++) {
            x3[i] = x2[i] + w10[i];
        }
        // f3: x4 = sigmoid(x3)
        vec t0[4];
        for (int i = 0; i < 4; i++) {
            t0[i] = exp_each(-absolute_each(x3[i]));
        }
        vec x4[4];
        for (int i = 0; i < 4; i++) {
            x4[i] = choose(x3[i] >= 0.0, spread(1.0), t0[i]) / (1.0 + t0[i]);
        }
        vec x5[2];
        for (int i = 0; i < 2; i++) {
            vec s1 = (vec){0};
            for (int j = 0; j < 4; j++) {
                s1 += W2[i * 4 + j] * x4[j];
            }
            x5[i] = s1;
        }
        vec x6[2];
        for (int i = 0; i < 2; i++) {
            x6[i] = x5[i] + w20[i];
        }
        // f6 = neg_log_softmax(x6)
        vec s2 = x6[0];
        for (int i = 0; i < 2; i++) {
            s2 = maximum(s2, x6[i]);
        }
        vec t1 = s2;
        vec t2[2];
        for (int i = 0; i < 2; i++) {
            t2[i] = x6[i] - t1;
        }
        vec t3[2];
        for (int i = 0; i < 2; i++) {
            t3[i] = exp_each(t2[i]);
        }
        vec t4[2];
        for (int i = 0; i < 2; i++) {
            vec s3 = (vec){0};
            for (int j = 0; j < 2; j++) {
                s3 += others_2[i * 2 + j] * t3[j];
            }
            t4[i] = s3;
        }
        vec f6[2];
        for (int i = 0; i < 2; i++) {
            f6[i] = choose(t3[i] < 1.0, log_each(t3[i] + t4[i]), log1p_each(t4[i])) - t2[i];
        }
        const vec *L = f6 + 1;
        for (long l = 0; l < LANES && first + l < rows; l++) out[(first + l)] = LANE(L[0], l);
    }
    missing |= unsound(out, rows * 1);
    return missing | (fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW) != 0);
}

// The sum of the output over the rows of data, and its gradient.
int sum_and_grad(long rows, const real *theta, const real *x_rows, real *total, real *gradient)
{
    int missing = 0;  // whether the data hold nan
    const real n = rows;
    (void)n, (void)theta;
    static const real others_2[4] = {0.0, 1.0, 1.0, 0.0};  // multiplied by it, every entry becomes the sum of all others
    feclearexcept(FE_ALL_EXCEPT);
    // f1: x2 = W1·x
    const real *W1 = theta + 0;
    // f2: x3 = x2 + w10
    const real *w10 = theta + 12;
    // f4: x5 = W2·x4
    const real *W2 = theta + 16;
    // f5: x6 = x5 + w20
    const real *w20 = theta + 24;
    vec total_sums = (vec){0};
    real *dL_dW1 = gradient + 0;
    vec dL_dW1_sums[12];
    memset(dL_dW1_sums, 0, sizeof dL_dW1_sums);
    real *dL_dw10 = gradient + 12;
    vec dL_dw10_sums[4];
    memset(dL_dw10_sums, 0, sizeof dL_dw10_sums);
    real *dL_dW2 = gradient + 16;
    vec dL_dW2_sums[8];
    memset(dL_dW2_sums, 0, sizeof dL_dW2_sums);
    real *dL_dw20 = gradient + 24;
    vec dL_dw20_sums[2];
    memset(dL_dw20_sums, 0, sizeof dL_dw20_sums);
    for (long first = 0; first < rows; first += LANES) {
        vec x[3];
        missing |= load(x, x_rows, 3, first, rows);
        const vec live = lives(first, rows);  // 0 where the last block has no example
        (void)live;
        vec x2[4];
        for (int i = 0; i < 4; i++) {
            vec s0 = (vec){0};
            for (int j = 0; j < 3; j++) {
                s0 += W1[i * 3 + j] * x[j];
            }
            x2[i] = s0;
        }
        vec x3[4];
        for (int i = 0; i < 4; i++) {
            x3[i] = x2[i] + w10[i];
        }
        // f3: x4 = sigmoid(x3)
        vec t0[4];
        for (int i = 0; i < 4; i++) {
            t0[i] = exp_each(-absolute_each(x3[i]));
        }
        vec t1[4];
        for (int i = 0; i < 4; i++) {
            t1[i] = 1.0 + t0[i];
        }
        vec x4[4];
        for (int i = 0; i < 4; i++) {
            x4[i] = choose(x3[i] >= 0.0, spread(1.0), t0[i]) / t1[i];
        }
        vec x5[2];
        for (int i = 0; i < 2; i++) {
            vec s1 = (vec){0};
            for (int j = 0; j < 4; j++) {
                s1 += W2[i * 4 + j] * x4[j];
            }
            x5[i] = s1;
        }
        vec x6[2];
        for (int i = 0; i < 2; i++) {
            x6[i] = x5[i] + w20[i];
        }
        // f6 = neg_log_softmax(x6)
        vec s2 = x6[0];
        for (int i = 0; i < 2; i++) {
            s2 = maximum(s2, x6[i]);
        }
        vec t2 = s2;
        vec t3[2];
        for (int i = 0; i < 2; i++) {
            t3[i] = x6[i] - t2;
        }
        vec t4[2];
        for (int i = 0; i < 2; i++) {
            t4[i] = exp_each(t3[i]);
        }
        vec t5[2];
        for (int i = 0; i < 2; i++) {
            vec s3 = (vec){0};
            for (int j = 0; j < 2; j++) {
                s3 += others_2[i * 2 + j] * t4[j];
            }
            t5[i] = s3;
        }
        vec f6[2];
        for (int i = 0; i < 2; i++) {
            f6[i] = choose(t4[i] < 1.0, log_each(t4[i] + t5[i]), log1p_each(t5[i])) - t3[i];
        }
        const vec *L = f6 + 1;
        // backward
        vec dL_df6[2];
        dL_df6[0] = spread(0.0);
        dL_df6[1] = live;
        vec s4 = (vec){0};
        for (int i = 0; i < 2; i++) {
            s4 += t4[i];
        }
        vec t6 = s4;
        vec y_hat[2];
        for (int i = 0; i < 2; i++) {
            y_hat[i] = t4[i] / t6;
        }
        vec dL_dx6[2];
        for (int i = 0; i < 2; i++) {
            vec s5 = (vec){0};
            for (int j = 0; j < 2; j++) {
                s5 += others_2[i * 2 + j] * dL_df6[j];
            }
            vec s6 = (vec){0};
            for (int j = 0; j < 2; j++) {
                s6 += others_2[i * 2 + j] * y_hat[j];
            }
            dL_dx6[i] = y_hat[i] * s5 - s6 * dL_df6[i];
        }
        vec dL_dx4[4];
        for (int i = 0; i < 4; i++) {
            vec s7 = (vec){0};
            for (int j = 0; j < 2; j++) {
                s7 += W2[j * 4 + i] * dL_dx6[j];
            }
            dL_dx4[i] = s7;
        }
        vec dL_dx3[4];
        for (int i = 0; i < 4; i++) {
            dL_dx3[i] = dL_dx4[i] * (t0[i] / (t1[i] * t1[i]));
        }
        total_sums += live * L[0];
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 3; j++) {
                dL_dW1_sums[i * 3 + j] += dL_dx3[i] * x[j];
            }
        }
        for (int i = 0; i < 4; i++) {
            dL_dw10_sums[i] += dL_dx3[i];
        }
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 4; j++) {
                dL_dW2_sums[i * 4 + j] += dL_dx6[i] * x4[j];
            }
        }
        for (int i = 0; i < 2; i++) {
            dL_dw20_sums[i] += dL_dx6[i];
        }
    }
    *total = sum_of_lanes(total_sums);
    for (int i = 0; i < 12; i++) {
        dL_dW1[i] = sum_of_lanes(dL_dW1_sums[i]);
    }
    for (int i = 0; i < 4; i++) {
        dL_dw10[i] = sum_of_lanes(dL_dw10_sums[i]);
    }
    for (int i = 0; i < 8; i++) {
        dL_dW2[i] = sum_of_lanes(dL_dW2_sums[i]);
    }
    for (int i = 0; i < 2; i++) {
        dL_dw20[i] = sum_of_lanes(dL_dw20_sums[i]);
    }
    missing |= unsound(total, 1) | unsound(gradient, 26);
    return missing | (fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW) != 0);
}
