"""Cepstra of our own, and the network that takes noise out of them."""

from pathlib import Path

import numpy as np
import pytest
from hearing_fixtures import samples_of

from companion.hearing.cepstra import cepstra, log_mel
from companion.hearing.cleaner import NOISY, QUIET, clean, inputs, learnt, mended
from companion.hearing.features import MARGIN, features

pytest_plugins = ["hearing_fixtures"]
ROOT = Path(__file__).resolve().parent.parent
SENTENCE = "can metastasis be prevented"


def noisy(samples, decibels):
    level = np.sqrt(np.mean(samples[np.abs(samples) > 300].astype(float) ** 2)) / 10 ** (decibels / 20)
    sound = samples + np.random.default_rng(1).normal(0, level, len(samples))
    return sound.clip(-32_768, 32_767).astype(np.int16)


@pytest.fixture(scope="module")
def spoken(say):
    """By a voice that the network was not taught on."""
    return samples_of(say(SENTENCE, "awb"))


def test_the_cepstra_are_those_of_pocketsphinx_without_its_removal_of_noise(tmp_path, spoken):
    import pocketsphinx

    model = Path(pocketsphinx.get_model_path("en-us/en-us"))
    home = tmp_path / "model"
    home.mkdir()
    for file in model.iterdir():
        (home / file.name).symlink_to(file)
    (home / "feat.params").unlink()
    settings = (model / "feat.params").read_text(encoding="utf-8")
    assert "-remove_noise yes" in settings
    (home / "feat.params").write_text(settings.replace("-remove_noise yes", "-remove_noise no"), encoding="utf-8")
    (tmp_path / "rows").mkdir()
    decoder = pocketsphinx.Decoder(
        hmm=str(home), lm=None, allphone=str(model.parent / "en-us-phone.lm.bin"), mfclogdir=str(tmp_path / "rows"),
        cmn="none", samprate=16_000.0, loglevel="FATAL",
    )  # fmt: skip
    decoder.start_utt()
    decoder.process_raw(spoken.tobytes(), False, True)
    decoder.end_utt()
    kept = next((tmp_path / "rows").iterdir()).read_bytes()
    theirs = np.frombuffer(kept[4:], ">f4").reshape(-1, 13)
    ours = cepstra(log_mel(spoken))
    assert 0 <= len(theirs) - len(ours) <= 1  # theirs fills up a last piece with zeros
    assert np.abs(theirs[: len(ours)] - ours).max() < 1e-3


@pytest.mark.parametrize("count", [1, 160, 409, 410, 411, 4_000])
def test_any_length_has_at_least_a_frame(count):
    rows = log_mel(np.ones(count, np.int16))
    assert rows.shape == (1 + max(0, count - 410) // 160, 25)
    assert np.isfinite(mended(rows, 10.0)).all()


@pytest.mark.parametrize(("decibels", "left"), [(20, 0.85), (15, 0.75), (10, 0.7)])
def test_noise_is_taken_out(spoken, decibels, left):
    pure = log_mel(spoken)
    heard = log_mel(noisy(spoken, decibels))
    speech = pure.mean(axis=1) > np.percentile(pure.mean(axis=1), 50)
    before = np.abs(heard - pure)[speech].mean()
    after = np.abs(mended(heard, float(decibels)) - pure)[speech].mean()
    assert after < left * before


def test_clean_speech_stays_nearly_what_it_is(spoken):
    heard = log_mel(spoken)
    speech = heard.mean(axis=1) > np.percentile(heard.mean(axis=1), 50)
    changed = np.abs(mended(heard, QUIET + 1) - heard)[speech].mean()
    assert changed < 0.5 * np.abs(log_mel(noisy(spoken, NOISY)) - heard)[speech].mean()


def test_half_is_mended_in_quiet_and_all_in_noise(spoken):
    heard = log_mel(spoken)
    whole = clean(heard, learnt())
    assert np.allclose(mended(heard, NOISY - 5), whole, atol=1e-4)
    assert np.allclose(mended(heard, QUIET + 5), (heard + whole) / 2, atol=1e-4)


def test_loudness_does_not_matter(spoken):
    heard = log_mel(spoken)
    assert np.allclose(clean(heard + np.float32(1.5), learnt()), clean(heard, learnt()) + np.float32(1.5), atol=1e-2)
    assert inputs(heard).shape == (len(heard), learnt().mean.shape[0])


def test_silence_is_cut_off_on_both_sides_in_noise_too(spoken):
    lead = np.zeros(16_000, np.int16)
    found = features(noisy(np.concatenate([lead, spoken, lead]), 15))
    assert 100 - 2 * MARGIN <= found.start <= 110
    assert len(found.mended) == len(found.plain) <= len(spoken) // 160 + 2 * MARGIN + 30


def test_a_soft_ending_is_not_taken_for_silence(spoken):
    softer = (spoken * 10 ** (-15 / 20)).astype(np.int16)
    alone, both = (len(features(sound).mended) for sound in (spoken, np.concatenate([spoken, softer])))
    assert both >= alone + 0.8 * len(spoken) / 160


@pytest.mark.parametrize("samples", [1, 319, 320, 5_000])
def test_all_silence_comes_through(samples):
    found = features(np.zeros(samples, np.int16))
    assert 160 * (found.start + len(found.mended)) <= max(samples, 160)
    assert np.isfinite(found.mended).all()


def test_in_noise_a_question_is_heard_that_was_lost_without_the_network(pocketsphinx, spoken):
    from companion.hearing.decoding import decode_features

    quiet = np.zeros(8_000, np.int16)
    found = features(noisy(np.concatenate([quiet, spoken, quiet]), 15))
    mended_words, plain_words = (decode_features(pocketsphinx._words, rows)[0] for rows in (found.mended, found.plain))
    assert " ".join(w.text for w in mended_words) == SENTENCE != " ".join(w.text for w in plain_words)


def test_a_small_network_is_taught(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from _hearing_sounds import level
    from cleaner.network import kept, teach
    from cleaner.sounds import Job, pair

    talk = [np.random.default_rng(3).normal(size=16_000)]
    assert level(talk[0]) == pytest.approx(1.0, abs=0.1)
    jobs = [Job("slt", text, n, 2) for n, text in enumerate(["stop", SENTENCE, "how does cancer spread"])]
    pairs = [p for job in jobs if (p := pair(job, talk))]
    if not pairs:
        pytest.skip("flite is not there")
    again = pair(jobs[0], talk)
    assert again is not None and np.array_equal(again.heard[0], pairs[0].heard[0])
    assert pair(Job("espeak-nobody-has-this", "stop", 0, 1), talk) is None
    said = []
    weights, first = teach(pairs, 2, 0, said.append, (32,))
    _, later = teach(pairs, 60, 0, said.append, (32,))
    assert later < first
    flat = kept(weights)
    assert flat["part0"].dtype == np.float16 and flat["part2"].shape == (425, 32)
