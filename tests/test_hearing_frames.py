"""Mono, int16, 16,000 Hz: mixing, clipping, dithering, changing the rate, and how noisy it is."""

import numpy as np
import pytest

from companion.hearing.frames import (
    BLOCK,
    DITHER,
    FLOOR,
    Resampler,
    dithered,
    floored,
    mono,
    snr,
    to_int16,
)

RATE = 16_000


def test_mono_is_the_mean():
    assert np.array_equal(mono(np.array([[1.0, 0.0], [0.5, -0.5]], np.float32)), [0.5, 0.0])
    assert np.array_equal(mono(np.array([0.25, 0.5], np.float32)), [0.25, 0.5])


def test_int16_is_clipped_and_never_wraps():
    out = to_int16(np.array([0.0, 1.0, -1.0, 2.0, -2.0, np.nan, np.inf, -np.inf], np.float32))
    assert out.dtype == np.int16
    assert out.tolist() == [0, 32_767, -32_767, 32_767, -32_768, 0, 0, 0]


def test_only_zeros_are_dithered_and_the_input_stays():
    block = np.array([0, 5, 0, -7] * 400, np.int16)
    kept = block.copy()
    out = dithered(block, np.random.default_rng(0))
    assert np.array_equal(block, kept)
    assert np.array_equal(out[block != 0], block[block != 0])
    assert 0 < np.abs(out[block == 0]).max() <= DITHER
    loud = np.full(10, 3, np.int16)
    assert dithered(loud, np.random.default_rng(0)) is loud


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("piece", [37, 480, 5_000])
def test_a_stream_in_pieces_is_the_stream_in_one(rate, piece):
    sound = (0.5 * np.sin(2 * np.pi * 300 * np.arange(rate) / rate)).astype(np.float32)

    def through(size):
        resampler, out = Resampler(rate), []
        for at in range(0, len(sound), size):
            out += resampler.push(sound[at : at + size])
        out += resampler.push(sound[:0], last=True)
        assert all(len(b) == BLOCK for b in out[:-1])
        return np.concatenate(out)

    whole, pieces = through(len(sound)), through(piece)
    assert abs(len(whole) - RATE) <= 1 and len(pieces) == len(whole)
    assert np.abs(whole.astype(int) - pieces).max() <= 2


@pytest.mark.parametrize("decibels", [5, 15, 30])
def test_snr_of_speech_like_bursts(decibels):
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 100, RATE * 2)
    noise[RATE // 2 : RATE] += rng.normal(0, 100 * 10 ** (decibels / 20), RATE // 2)
    assert snr(noise.clip(-32768, 32767).astype(np.int16)) == pytest.approx(decibels, abs=2.5)


def test_snr_knows_an_offset_from_sound_and_short_pieces_from_long_ones():
    assert snr(np.full(RATE, 5_000, np.int16)) == 0.0
    assert snr(np.ones(100, np.int16)) == 0.0
    assert snr(np.zeros(0, np.int16)) == 0.0


def a_word(silence=RATE):
    """A second of tone between silences."""
    tone = 8_000 * np.sin(np.arange(RATE) * 0.3)
    return np.concatenate([np.zeros(silence), tone, np.zeros(silence)]).astype(np.int16)


@pytest.mark.parametrize("samples", [0, 1, 319, 320, 5_000])
def test_nothing_and_all_silence_come_through(samples):
    assert len(floored(np.zeros(samples, np.int16))) == samples


def test_the_floor_of_noise_is_quiet_and_the_same_each_time():
    sound = a_word()
    noise = floored(sound).astype(np.float64) - sound
    loud = np.sqrt(np.mean(sound[RATE : 2 * RATE].astype(np.float64) ** 2))
    assert 20 * np.log10(loud / np.sqrt(np.mean(noise**2))) == pytest.approx(FLOOR, abs=1)
    np.testing.assert_array_equal(floored(sound), floored(sound))
    top = np.full(RATE, 32_767, np.int16)
    top[::2] = -32_768
    assert np.all(np.sign(floored(top)) == np.sign(top)), "far too loud is held, not turned over"
