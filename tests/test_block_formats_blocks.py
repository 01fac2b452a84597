"""`course_lib.block_formats`: whole blocks against ml_dtypes, gfloat and gguf, their properties, and their bytes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import gfloat
import ml_dtypes
import numpy as np
import pytest
from gfloat import formats as gfloat_formats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from course_lib.block_formats import (
    FORMATS,
    FP8_128X128,
    GGML_FORMATS,
    MINUS_8_TO_7,
    MXFP4,
    MXFP6_E2M3,
    MXFP6_E3M2,
    MXFP8_E4M3,
    MXFP8_E5M2,
    NF4,
    NF4_DOUBLE,
    NVFP4,
    Q4_0,
    Q4_1,
    Q8_0,
    EncodedBlocks,
    PowerFormat,
    bits_per_value,
    decode,
    encode,
    nearest_codes,
    pack,
    scale_and_minimum,
    unpack,
)
from course_lib.number_formats import FP8_E4M3, FP16, FP32, FloatFormat
from course_lib.number_formats import decode as decode_number

ROOT = Path(__file__).resolve().parent.parent
GGUF = json.loads((ROOT / "tests/data/block_formats_gguf.json").read_text(encoding="utf-8"))
MX = {
    MXFP8_E4M3: (ml_dtypes.float8_e4m3fn, gfloat_formats.format_info_mxfp8_e4m3),
    MXFP8_E5M2: (ml_dtypes.float8_e5m2, gfloat_formats.format_info_mxfp8_e5m2),
    MXFP6_E3M2: (ml_dtypes.float6_e3m2fn, gfloat_formats.format_info_mxfp6_e3m2),
    MXFP6_E2M3: (ml_dtypes.float6_e2m3fn, gfloat_formats.format_info_mxfp6_e2m3),
    MXFP4: (ml_dtypes.float4_e2m1fn, gfloat_formats.format_info_mxfp4_e2m1),
}
EVERY = list(FORMATS.values())
every_mx = pytest.mark.parametrize("fmt", MX, ids=lambda fmt: fmt.name)
every_format = pytest.mark.parametrize("fmt", EVERY, ids=lambda fmt: fmt.name)
quick = settings(deadline=None, max_examples=25)
ALONE = [fmt for fmt in EVERY if not fmt.tensor_bits]  # nothing but a block's own values makes its numbers
every_alone = pytest.mark.parametrize("fmt", ALONE, ids=lambda fmt: fmt.name)


def float32s(rows, columns, seed=0, spread=8.0):
    """Return normal numbers whose blocks differ in size by many powers of two."""
    rng = np.random.default_rng(seed)
    sizes = 2.0 ** rng.uniform(-spread, spread, (rows, 1))
    return (rng.normal(size=(rows, columns)) * sizes).astype(np.float32)


def tensors(block):
    number = st.floats(-1e4, 1e4, width=32).map(lambda x: 0.0 if abs(x) < 1e-3 else x)
    shapes = st.tuples(st.integers(1, 3), st.sampled_from([1, 7, block, block + 3]))
    return arrays.arrays(np.float32, shapes, elements=number)


def hexadecimal(lines, dtype):
    return np.array([np.frombuffer(bytes.fromhex(line), dtype) for line in lines])


def same(one, other):
    """Hold that two encoded arrays are the same, bit by bit."""
    np.testing.assert_array_equal(one.codes, other.codes)
    if isinstance(one.scales, EncodedBlocks):
        same(one.scales, other.scales)
    else:
        np.testing.assert_array_equal(one.scales, other.scales)
    assert (one.minima is None) == (other.minima is None)
    assert one.minima is None or np.array_equal(one.minima, other.minima)
    assert (one.tensor_scale, one.scale_mean, one.shape) == (other.tensor_scale, other.scale_mean, other.shape)


# Oracles


@every_mx
def test_mx_blocks_are_encoded_as_casts_of_ml_dtypes(fmt):
    dtype, _ = MX[fmt]
    x = float32s(500, 32, seed=1, spread=60)
    emax = int(math.log2(fmt.element.largest))
    power = np.floor(np.log2(np.abs(x).max(axis=1))) - emax
    scaled = np.clip(x / np.float32(2) ** power[:, None], -fmt.element.largest, fmt.element.largest)
    encoded = encode(x, fmt)
    np.testing.assert_array_equal(encoded.scales, power + 127)
    np.testing.assert_array_equal(encoded.codes, scaled.astype(np.float32).astype(dtype).view(np.uint8))
    assert (np.abs(x) / np.exp2(power)[:, None] > fmt.element.largest).any()  # some saturate


@every_mx
def test_mx_blocks_are_what_gfloat_makes_of_them(fmt):
    _, info = MX[fmt]
    for x in float32s(20, 32, seed=2, spread=40).astype(np.float64):
        theirs = gfloat.quantize_block(info, x, gfloat.compute_scale_amax)
        np.testing.assert_array_equal(encode(x, fmt).decode(), theirs)


@every_mx
def test_every_scale_with_every_element_is_decoded_as_gfloat_decodes_a_block(fmt):
    _, info = MX[fmt]
    patterns = np.arange(2**fmt.element.bits, dtype=np.uint8)
    scales = np.arange(256, dtype=np.uint8) if fmt.element.bits < 8 else np.array([0, 1, 126, 127, 128, 200, 254, 255])
    whole = replace(fmt, block=patterns.size)
    ours = EncodedBlocks(whole, np.tile(patterns, (scales.size, 1)), scales, (scales.size, patterns.size)).decode()
    theirs = [[*gfloat.decode_block(info, [int(scale), *patterns.tolist()])] for scale in scales]
    np.testing.assert_array_equal(ours, theirs)


def test_nvfp4_blocks_are_encoded_as_casts_of_ml_dtypes():
    x = float32s(400, 64, seed=3, spread=6)
    blocks = x.reshape(-1, 16)
    tensor_scale = np.abs(x).max() / np.float32(448 * 6)
    amax = np.abs(blocks).max(axis=1)
    scales = (amax.astype(np.float64) / 6 / tensor_scale).astype(ml_dtypes.float8_e4m3fn)
    scaled = blocks / (scales.astype(np.float64) * tensor_scale)[:, None]
    codes = np.clip(scaled, -6, 6).astype(ml_dtypes.float4_e2m1fn)
    encoded = encode(x, NVFP4)
    assert encoded.tensor_scale == tensor_scale
    np.testing.assert_array_equal(encoded.scales, scales.view(np.uint8))
    np.testing.assert_array_equal(encoded.codes, codes.view(np.uint8))


@pytest.mark.parametrize("fmt", GGML_FORMATS, ids=lambda fmt: fmt.name)
def test_bytes_are_those_of_gguf(fmt):
    x, theirs = hexadecimal(GGUF["x"], "<f4"), hexadecimal(GGUF[fmt.name], np.uint8)
    encoded = encode(x, fmt)
    if fmt is MXFP4:  # which writes no -0: pattern 8 is 0
        encoded = replace(encoded, codes=np.where(encoded.codes == 8, 0, encoded.codes))
    assert pack(encoded) == theirs.tobytes()


@pytest.mark.parametrize("fmt", GGML_FORMATS, ids=lambda fmt: fmt.name)
def test_the_bytes_of_gguf_are_decoded_as_gguf_does(fmt):
    theirs, back = hexadecimal(GGUF[fmt.name], np.uint8), hexadecimal(GGUF[f"{fmt.name} back"], "<f4")
    encoded = unpack(theirs.tobytes(), fmt, back.shape)
    np.testing.assert_array_equal(encoded.decode().astype(np.float32), back)
    assert pack(encoded) == theirs.tobytes()


def test_deepseeks_tiles_have_a_scale_for_128_by_128_weights():
    x = float32s(256, 384, seed=4)
    encoded = encode(x, FP8_128X128)
    tiles = np.abs(x).reshape(2, 128, 3, 128).max(axis=(1, 3))
    np.testing.assert_array_equal(encoded.scale_values().reshape(2, 3), (tiles / 448).astype(np.float32))
    scale = np.repeat(np.repeat((tiles / 448).astype(np.float32), 128, axis=0), 128, axis=1).astype(np.float64)
    np.testing.assert_array_equal(encoded.decode(), (x / scale).astype(ml_dtypes.float8_e4m3fn).astype(float) * scale)


def test_scales_that_are_quantised_again_are_the_means_and_256_levels_of_bitsandbytes():
    x = float32s(300, 64, seed=5, spread=1)
    absmax = np.abs(x).max(axis=1)
    encoded, once = encode(x, NF4_DOUBLE), encode(x, NF4)
    np.testing.assert_array_equal(encoded.codes, once.codes)
    assert encoded.scale_mean == pytest.approx(absmax.mean(), rel=1e-6)
    assert encoded.scale_mean == np.float32(encoded.scale_mean)
    assert isinstance(encoded.scales, EncodedBlocks)
    assert encoded.scales.codes.shape == (2, 256)
    largest = np.abs(absmax - absmax.mean())
    np.testing.assert_allclose(encoded.scales.scale_values(), [largest[:256].max(), largest[256:].max()], rtol=1e-6)
    np.testing.assert_allclose(encoded.scale_values(), absmax, atol=0.008 * largest.max())


# By hand


def test_mxfp4_by_hand():
    encoded = encode([0.5, -1.0, 3.0, 7.0, 0.25], MXFP4)  # amax 7: 2^(2 - 2)
    assert encoded.scales.tolist() == [127]
    assert encoded.decode().tolist() == [0.5, -1.0, 3.0, 6.0, 0.0]


def test_q4_0_takes_the_sign_of_the_largest_value_and_the_other_end_saturates():
    encoded = encode([8.0, -8.0, 3.0], Q4_0)  # d = 8 / -8
    assert encoded.scale_values().tolist() == [-1.0]
    assert encoded.codes[0, :3].tolist() == [0, 15, 5]
    assert encoded.decode().tolist() == [8.0, -7.0, 3.0]


def test_q4_1_has_a_minimum():
    encoded = encode(np.linspace(100, 130, 16), Q4_1)
    assert (encoded.scale_values().tolist(), encoded.minimum_values().tolist()) == ([2.0], [100.0])
    np.testing.assert_array_equal(encoded.decode(), np.linspace(100, 130, 16))
    assert encode([3.0] * 5, Q4_1).decode().tolist() == [3.0] * 5


def test_a_minimum_stands_for_the_lowest_level_wherever_that_lies():
    signed = replace(Q4_1, element=MINUS_8_TO_7, scale=FP32)
    encoded = encode(np.linspace(100, 130, 16), signed)
    assert (encoded.scale_values().tolist(), encoded.minimum_values().tolist()) == ([2.0], [116.0])  # of level 0
    np.testing.assert_array_equal(encoded.decode(), np.linspace(100, 130, 16))


def test_values_may_be_divided_by_the_scale_before_it_is_stored_also_below_a_tensors_scale():
    x = float32s(50, 64, seed=13, spread=1)
    before, after = (encode(x, replace(NVFP4, divides_by_stored=stored)) for stored in (False, True))
    np.testing.assert_array_equal(before.scales, after.scales)
    scale = np.abs(x.reshape(-1, 16)).max(axis=1, keepdims=True) / 6
    np.testing.assert_array_equal(before.codes, nearest_codes(x.reshape(-1, 16) / scale.astype(float), NVFP4.element))
    assert (before.codes != after.codes).any()


def test_a_scale_is_the_rules_formula():
    x = np.array([[0.0, -3.0, 1.5, 2.0]])
    found = {fmt.name: [part.item() for part in scale_and_minimum(x, fmt)] for fmt in (MXFP8_E4M3, Q8_0, Q4_0, Q4_1)}
    assert found == {
        "MXFP8 E4M3": [2.0 ** (1 - 8), 0.0],
        "Q8_0": [3 / 127, 0.0],
        "Q4_0": [-3 / -8, 0.0],
        "Q4_1": [5 / 15, -3.0],
    }


def test_one_bit_of_a_scale_moves_all_values_of_its_block_and_no_other():
    x = float32s(2, 32, spread=1)
    for fmt, bit in ((MXFP4, 0), (MXFP4, 3), (Q8_0, 10), (replace(NVFP4, block=32), 3)):
        encoded = encode(x, fmt)
        flipped = replace(encoded, scales=encoded.scales ^ np.array([0, 1 << bit], encoded.scales.dtype))
        moved = flipped.decode() != encoded.decode()
        assert not moved[0].any()
        np.testing.assert_array_equal(moved[1], encoded.decode()[1] != 0)


def test_a_scale_that_is_nan_makes_its_block_nan():
    encoded = encode(float32s(2, 32), MXFP4)
    broken = replace(encoded, scales=np.array([255, encoded.scales[1]], np.uint8)).decode()
    assert np.isnan(broken[0]).all()
    np.testing.assert_array_equal(broken[1], encoded.decode()[1])


# Properties


def half_a_step(fmt):
    """Return half the widest step between two numbers of an element."""
    values = np.unique(decode_all(fmt))
    return float(np.diff(values).max()) / 2


def decode_all(fmt):
    patterns = np.arange(2**fmt.element.bits)
    values = (
        decode_number(patterns, fmt.element) if not hasattr(fmt.element, "values") else np.array(fmt.element.values)
    )
    return values[np.isfinite(values)]


@every_mx
@quick
@given(data=st.data())
def test_the_error_of_mx_is_at_most_half_a_step_or_what_lies_above_the_largest_number(fmt, data):
    x = data.draw(tensors(32))
    encoded = encode(x, fmt)
    top = 2.0 ** (math.floor(math.log2(fmt.highest)) + 1)  # amax / scale lies below the next power of two
    bound = max(half_a_step(fmt), top - fmt.highest)
    scales = np.repeat(encoded.scale_values().reshape(len(x), -1), 32, axis=1)[:, : x.shape[1]]
    error = np.abs(encoded.decode() - x)
    assert np.all(error <= bound * scales)
    inside = np.abs(x) <= fmt.highest * scales
    assert np.all(error[inside] <= half_a_step(fmt) * scales[inside])


@pytest.mark.parametrize("fmt", [NVFP4, NF4, FP8_128X128, Q8_0, Q4_0, Q4_1], ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("seed", range(3))
def test_the_error_is_at_most_half_a_step_of_the_blocks_scale_and_what_the_scale_was_rounded_by(fmt, seed):
    x = float32s(40, 256, seed, spread=3)
    encoded = encode(x, fmt)
    scales = np.abs(encoded.scale_values())
    rounding = {FP8_E4M3: 2**-4, FP16: 2**-11, FP32: 2**-24}[fmt.scale]
    saturated = 0.5 if fmt is Q4_0 else 0  # a value of +8 becomes 7
    largest = np.abs(decode_all(fmt)).max()
    stored = 0 if fmt.divides_by_stored else rounding * largest
    bound = (half_a_step(fmt) + saturated) * (1 + rounding) + stored
    minimum = np.abs(encoded.minimum_values()) * rounding
    worst = np.abs(blocks_of(encoded.decode() - x, fmt)).max(axis=1)
    assert np.all(worst <= bound * scales + minimum)
    assert np.all(worst > 0.1 * half_a_step(fmt) * scales)


def blocks_of(x, fmt):
    rows, block = fmt.rows, fmt.block
    height, width = -(-x.shape[0] // rows) * rows, -(-x.shape[1] // block) * block
    full = np.zeros((height, width))
    full[: x.shape[0], : x.shape[1]] = x
    return full.reshape(height // rows, rows, width // block, block).swapaxes(1, 2).reshape(-1, rows * block)


@every_format
@quick
@given(data=st.data())
def test_zeros_become_zeros(fmt, data):
    x = data.draw(tensors(fmt.block if fmt.rows == 1 else 5))
    if fmt is Q4_1:  # whose minimum is a number of the block, and not 0
        x = np.where(x < 0, 0, x)
        x[..., 0] = 0
        x[..., fmt.block :: fmt.block] = 0
    assert np.all(encode(x, fmt).decode()[x == 0] == 0)


@every_format
def test_a_tensor_of_zeros_is_all_zeros_and_no_scale_is_nan(fmt):
    encoded = encode(np.zeros((3, 70)), fmt)
    assert np.array_equal(encoded.decode(), np.zeros((3, 70)))
    assert np.isfinite(encoded.scale_values()).all()
    assert encoded.tensor_scale == 1


@every_alone
def test_an_outlier_costs_its_own_block_only(fmt):
    x = float32s(128, 512, seed=6, spread=1)
    spoilt = x.copy()
    spoilt[5, 200] = 5000
    before, after = (blocks_of(encode(array, fmt).decode(), fmt) for array in (x, spoilt))
    changed = np.flatnonzero((before != after).any(axis=1))
    across = 512 // fmt.block
    assert changed.tolist() == [5 // fmt.rows * across + 200 // fmt.block]
    error = [np.abs(blocks - blocks_of(x, fmt))[changed[0]] for blocks in (before, after)]
    if fmt.element.bits == 4:  # fp8 has the exponents to go on beside it
        assert np.median(error[1]) > 3 * np.median(error[0])


def test_in_nvfp4_an_outlier_beyond_the_range_of_the_scales_makes_other_blocks_zeros():
    x = float32s(4, 64, seed=7, spread=0)
    for size, lost in ((1e3, False), (1e7, True)):
        spoilt = x.copy()
        spoilt[0, 0] = size
        others = encode(spoilt, NVFP4).decode()[1:]
        assert bool((others == 0).all()) is lost
    assert (encode(spoilt, MXFP4).decode()[1:] != 0).any()


@pytest.mark.parametrize("fmt", [fmt for fmt in EVERY if fmt is not NF4_DOUBLE], ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("seed", range(4))
def test_numbers_of_a_format_are_encoded_without_loss(fmt, seed):
    # Not where scales are quantised again: their mean and their largest are others the second time.
    x = float32s(20, 100, seed, spread=3)
    once = encode(x, fmt)
    twice = encode(once.decode(), fmt)
    np.testing.assert_allclose(twice.decode(), once.decode(), rtol=1e-6)
    if fmt in MX or fmt is Q8_0:
        np.testing.assert_array_equal(twice.scales, once.scales)
        np.testing.assert_array_equal(twice.codes, once.codes)


@every_format
@pytest.mark.parametrize("power", [-6, 3])
def test_a_power_of_two_on_all_numbers_is_one_on_the_result(fmt, power):
    x = float32s(30, 128, seed=8, spread=1)
    scaled = encode(x * 2.0**power, fmt)
    tolerance = {"rtol": 2e-3, "atol": 2e-3 * 2.0**power} if fmt.scale is FP16 else {"rtol": 1e-6, "atol": 0}
    np.testing.assert_allclose(scaled.decode(), encode(x, fmt).decode() * 2.0**power, **tolerance)


@pytest.mark.parametrize("fmt", [MXFP4, MXFP8_E4M3, NF4, Q4_0, Q4_1, Q8_0], ids=lambda fmt: fmt.name)
def test_by_chance_the_mean_of_what_does_not_saturate_is_kept(fmt):
    rng, count = np.random.default_rng(9), 4000
    row = np.array([*np.linspace(-0.9, 0.9, fmt.block - 1), -1.0])
    encoded = encode(np.tile(row, (count, 1)), fmt, rng)
    kept = np.abs(row) * (fmt.element.largest if fmt in MX else 0) <= fmt.highest * abs(encoded.scale_values()[0])
    mean = encoded.decode().mean(axis=0)
    step = 2 * half_a_step(fmt) * abs(encoded.scale_values()[0])
    bound = 5 * step / 2 / math.sqrt(count) + (0 if fmt.divides_by_stored else 2**-10)
    inside = np.abs(row) <= 0.8  # 0.9 / scale may lie above the largest number
    assert kept.any()
    assert np.all(np.abs(mean - row)[inside] <= bound)
    nearest = encode(row, fmt).decode()
    assert np.abs(nearest - row)[inside].max() > 2 * bound or fmt is Q8_0 or fmt is MXFP8_E4M3


def test_the_same_seed_gives_the_same_blocks_and_none_gives_the_nearest():
    x = float32s(20, 64, seed=10)
    one, again = (encode(x, NVFP4, np.random.default_rng(3)) for _ in range(2))
    same(one, again)
    assert not np.array_equal(one.codes, encode(x, NVFP4).codes)
    np.testing.assert_array_equal(one.scales, encode(x, NVFP4).scales)


# Edges


@every_format
@pytest.mark.parametrize("shape", [(), (1,), (40,), (2, 3, 50), (0,), (3, 0), (130, 5)])
def test_any_shape_comes_back(fmt, shape):
    x = np.random.default_rng(11).uniform(1, 2, shape)
    encoded = encode(x, fmt)
    assert encoded.shape == encoded.decode().shape == shape
    np.testing.assert_allclose(encoded.decode(), x, rtol=0.3)
    assert decode(encoded).dtype == np.float64


@every_format
def test_full_blocks_take_the_bits_a_value_and_what_is_once_a_tensor(fmt):
    x = float32s(256 * 128, 128, spread=1)  # 65,536 blocks of 64, 256 groups of scales
    encoded = encode(x, fmt)
    assert encoded.bits() == Fraction(bits_per_value(fmt)) * x.size + fmt.tensor_bits
    assert encoded.bytes() == math.ceil(encoded.bits() / 8)


def test_a_block_that_is_not_full_counts_whole_and_takes_no_other_values_for_its_scale():
    encoded = encode([*[1.0] * 32, 100.0, 101.0], Q4_1)
    assert encoded.bytes() == 40
    assert encoded.minimum_values().tolist() == [1.0, 100.0]
    np.testing.assert_allclose(encoded.decode()[32:], [100.0, 101.0], rtol=1e-3)
    assert encode(np.ones((2, 33)), MXFP4).bytes() == 4 * 17
    assert encode([1.0], replace(MXFP4, block=1, scale=PowerFormat("e5m0", 5, 15))).bytes() == 2  # of 9 bits


@pytest.mark.parametrize(
    ("fmt", "largest"),
    [
        (MXFP4, 6 * 2.0**127),
        (Q8_0, 127 * 65504),
        (Q4_0, 8 * 65504),
        (NF4, FP32.largest),
        (NVFP4, 448 * 6 * FP32.largest),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_too_large_a_scale_becomes_the_largest(fmt, largest):
    decoded = encode([1e300, -1e300, 0.0], fmt).decode()
    assert decoded[0] == largest
    assert decoded[1] in (-largest, -largest * 7 / 8)
    assert decoded[2] == 0


def test_numbers_that_a_small_largest_scale_makes_infinite_saturate():
    small = replace(MXFP4, scale=PowerFormat("e2m0", 2, 1000))
    assert encode([1e300, -1.0], small).decode().tolist() == [6 * 2.0**-998, -6 * 2.0**-998]


@every_format
def test_too_small_a_scale_gives_zeros_and_no_error(fmt):
    tiny = encode([1e-300, -1e-300, 0.0], fmt).decode()
    np.testing.assert_allclose(tiny, 0, atol=1e-45)


def test_a_scale_of_nvfp4_may_be_subnormal():
    x = np.zeros((2, 16))
    x[0, 0], x[1, :2] = 448 * 6, (3 * 2.0**-9 * 6, 2.0**-9 * 6)
    encoded = encode(x, NVFP4)
    assert encoded.scales.tolist() == [0x7E, 3]
    np.testing.assert_array_equal(encoded.decode()[1, :2], x[1, :2])


def test_the_exponent_of_the_scale_is_exact_just_below_a_power_of_two():
    for fmt, emax in ((MXFP4, 2), (MXFP8_E4M3, 8)):
        below = [math.nextafter(2.0**power, 0) for power in range(-20, 20)]
        scales = encode(np.array(below)[:, None], fmt).scales
        assert scales.tolist() == [power - 1 - emax + 127 for power in range(-20, 20)]


@every_format
@pytest.mark.parametrize("bad", [[1.0, math.nan], [math.inf], [1.0, -math.inf], [2e300]])
def test_nan_infinity_and_what_float64_could_not_scale_are_refused_by_name(fmt, bad):
    with pytest.raises(ValueError, match="x must be finite"):
        encode(bad, fmt)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [((["1"], MXFP4), "x"), (([True], MXFP4), "x"), (([1.0], "MXFP4"), "fmt"), (([1.0], MXFP4, 7), "generator")],
)
def test_what_is_of_another_kind_is_refused_by_name(arguments, word):
    with pytest.raises(TypeError, match=f"^{word} must be"):
        encode(*arguments)


def test_decode_takes_only_blocks():
    with pytest.raises(TypeError, match="encoded"):
        decode(np.ones(3))


@pytest.mark.parametrize("bits", [(2, 1), (2, 5), (5, 2), (3, 4)])
def test_a_split_of_ones_own_is_an_element_like_any_other(bits):
    split = FloatFormat("mine", *bits, bias=2 ** (bits[0] - 1) - 1, has_infinity=False, has_nan=False)
    encoded = encode(float32s(10, 64), replace(MXFP4, element=split))
    error = np.abs(encoded.decode() - float32s(10, 64)).max(axis=1)
    assert np.all(error <= 2.0 ** -bits[1] * np.abs(float32s(10, 64)).max(axis=1))


# The layout of a file


@pytest.mark.parametrize("fmt", GGML_FORMATS, ids=lambda fmt: fmt.name)
def test_bytes_are_as_many_as_counted_and_come_back(fmt):
    encoded = encode(float32s(3, 70, seed=12, spread=1), fmt)
    data = pack(encoded)
    assert len(data) == encoded.bytes()
    same(unpack(data, fmt, encoded.shape), encoded)
    assert pack(encode([], fmt)) == b""
    assert unpack(b"", fmt, (0,)).decode().size == 0


def test_a_layout_that_is_not_ggmls_is_refused():
    with pytest.raises(ValueError, match="fmt must be one of Q4_0, Q4_1, Q8_0, MXFP4"):
        pack(encode([1.0], NVFP4))
    with pytest.raises(ValueError, match="fmt"):
        unpack(b"", NF4, [0])


def test_bytes_that_do_not_fit_the_shape_are_refused():
    data = pack(encode(np.ones(32), Q8_0))
    for shape in ([33], [0], [2, 32]):
        with pytest.raises(ValueError, match="data must be"):
            unpack(data, Q8_0, shape)
    with pytest.raises(TypeError, match="data"):
        unpack([1, 2], Q8_0, [1])
    with pytest.raises(TypeError, match="encoded"):
        pack(b"")


def test_a_block_too_small_for_e8m0_takes_its_smallest_scale_and_one_too_small_for_e4m3_becomes_zeros():
    tiny = encode([2.0**-126, 0.0], MXFP4)  # 2^-128 would be the scale, and 2^-127 is the smallest
    assert (tiny.scale_values()[0], tiny.decode()[0]) == (2.0**-127, 2.0**-126)
    assert encode([2.0**-140], MXFP4).scale_values()[0] == 2.0**-127
    assert encode([2.0**-140], MXFP4).decode()[0] == 0, "the element is 0, and not the scale"
    small = np.ones((2, 16))
    small[1] = 1e-9
    assert encode(small, NVFP4).scale_values()[1] == 0
    assert not encode(small, NVFP4).decode()[1].any()


@pytest.mark.parametrize("field", ["tensor_scale", "divides_by_stored"])
@pytest.mark.parametrize("wrong", ["yes", 1, None])
def test_what_is_asked_with_yes_or_no_is_true_or_false(field, wrong):
    with pytest.raises(TypeError, match=rf"^{field} must be True or False; got"):
        replace(NVFP4, **{field: wrong})
