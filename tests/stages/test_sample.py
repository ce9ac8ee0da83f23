"""The stage that lets checkpoints speak."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio.measures.likeness import voice_distance
from pipeline.audio.quantise import code_values, quantise
from pipeline.errors import ProductionError
from pipeline.learning.corpus import Corpus
from pipeline.learning.models.checkpoint import load_checkpoint, save_checkpoint
from pipeline.learning.models.network import LstmSettings
from pipeline.learning.sampling.draws import uniforms
from pipeline.learning.sampling.sampler import Sampler
from pipeline.learning.sampling.take import CandidateSet, Take
from pipeline.learning.training.run import PLAN_FILE, CheckpointFacts, CheckpointPlan, TrainingRun
from pipeline.production.schema import Production, parse_production
from pipeline.runtime.progress.reporter import Part, WorkStart
from pipeline.stages import sample
from pipeline.stages.sample import follow, pieces, run
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.take_findings import recording_voice
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Piece, Store, write_record
from tests.learning.models.networks import random_weights, save_random_checkpoint

RATE_HZ = 4000
NETWORK = LstmSettings(layers=1, neurons=20, embedding=6)
ITERATIONS = (0, 10, 100, 1000)


@dataclass
class Listener:
    """Remembers what it was told."""

    begun: list[float] = field(default_factory=list)
    advanced: list[float] = field(default_factory=list)
    told: list[tuple[tuple[Part, ...], float | None]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def begin(self, work: WorkStart) -> None:
        self.begun.append(work.total)

    def advance(self, done: float, _detail: str = "") -> None:
        self.advanced.append(done)

    def parts(self, parts: Sequence[Part], left_s: float | None) -> None:
        self.told.append((tuple(parts), left_s))

    def expect(self, _works: object) -> None: ...

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, _text: str) -> None: ...


def production(**sampling: object) -> Production:
    return parse_production(
        {
            "title": "A film",
            "section": [
                {
                    "title": "First try",
                    "recordings": ["voice.wav"],
                    "network": NETWORK.model_dump(),
                    "sampling": sampling,
                    "storyboard": {"takes": 3, "seconds": 3.0},
                }
            ],
        },
        where="test",
    )


def workplace(root: Path, *, jobs: int = 1, force: bool = False) -> Workplace:
    forced = frozenset({"sample"}) if force else frozenset[str]()
    return Workplace(store=Store(root), output=root, report=Listener(), jobs=jobs, force=forced)


def make_corpus(store: Store) -> Results:
    piece = Piece("prepare", "section-1", 1, {"corpus": "made"})
    t = np.arange(6 * RATE_HZ) / RATE_HZ
    said = quantise(0.4 * np.sin(2 * np.pi * 200 * t) * np.sin(2 * np.pi * t) ** 2, "mu-law")
    corpus = Corpus(
        sample_rate_hz=RATE_HZ,
        encoding="mu-law",
        total_samples=len(said),
        train_samples=len(said) - 100,
        duration_s=6.0,
        silence_share=0.0,
        dc_offset=0.0,
        clipped_samples=0,
        recordings=(),
    )
    with store.publish(piece) as folder:
        np.save(folder / "bytes.npy", said)
        write_record(folder, corpus)
    return Results(corpora=(store.published(piece, Corpus),))


def facts(iteration: int) -> CheckpointFacts:
    return CheckpointFacts(
        iteration=iteration,
        epoch=1.0,
        elapsed_s=0.0,
        validation_loss_nats=5.0 - 0.001 * iteration,
        training_loss_nats=None,
        weights_file=f"weights-{iteration:06d}.safetensors",
        json_file=f"weights-{iteration:06d}.json",
    )


def train(store: Store, results: Results, name: str = "trained") -> Results:
    piece = Piece("train", "section-1", 1, {"run": name})
    trained = TrainingRun(
        checkpoints=tuple(map(facts, ITERATIONS)),
        network=NETWORK.model_dump(mode="json"),
        training={},
        recipe={},
        parameters=NETWORK.parameters,
        iterations=1000,
        epochs=1.0,
        elapsed_s=0.0,
        first_validation_nats=5.0,
        last_validation_nats=4.0,
        best_validation_nats=4.0,
        best_iteration=1000,
        device="cpu",
    )
    with store.publish(piece) as folder:
        for iteration in ITERATIONS:
            save_random_checkpoint(folder, NETWORK, iteration)
        (folder / "note.txt").write_text(name)
        write_record(folder, trained)
    return replace(results, runs=(store.published(piece, TrainingRun),))


@pytest.fixture
def results(tmp_path: Path) -> Results:
    store = Store(tmp_path)
    return train(store, make_corpus(store))


def takes_of(results: Results) -> list[np.ndarray]:
    return [np.load(take.path(take.record.bytes_file)) for take in results.takes[0]]


def test_each_chosen_checkpoint_gets_one_take_as_long_as_planned(results: Results, tmp_path: Path) -> None:
    film, place = production(), workplace(tmp_path)
    done = run(film, results, place)
    records = [take.record for take in done.takes[0]]
    assert [record.iteration for record in records][-1] == 1000
    assert records[0].iteration == 0
    assert len(records) == 3
    assert sum(record.duration_s for record in records) == pytest.approx(3.0 + 3 * 0.1, abs=0.01)
    for take, said in zip(done.takes[0], takes_of(done), strict=True):
        assert said.shape == (take.record.samples,)
        heard, rate_hz = soundfile.read(take.path(take.record.listen_file), dtype="float32")
        assert rate_hz == RATE_HZ
        np.testing.assert_allclose(heard, code_values("mu-law")[said], atol=1 / 32768)
    listener = place.report
    assert isinstance(listener, Listener)
    assert listener.advanced[-1] == pytest.approx(listener.begun[0])
    assert listener.told[-1] == ((Part("section-1", 1.0, 0.0, "done"),), 0.0)


def test_the_take_is_what_the_sampler_says(results: Results, tmp_path: Path) -> None:
    done = run(production(seed=5, temperature=0.8), results, workplace(tmp_path))
    said = takes_of(done)[-1]
    sampler = Sampler(NETWORK, random_weights(NETWORK, seed=1000), weight_dtype="int8")
    numbers = sample_uniforms(5, len(said))
    np.testing.assert_array_equal(sampler.generate(numbers, np.full_like(numbers, 1 / 0.8))[0], said)


def sample_uniforms(seed: int, samples: int) -> np.ndarray:
    return uniforms(seed, 0, 0, samples)[None]


def test_side_by_side_gives_the_same_takes_as_one_after_another(results: Results, tmp_path: Path) -> None:
    alone = run(production(), results, workplace(tmp_path))
    together = run(production(), results, workplace(tmp_path, jobs=2, force=True))
    assert [take.content_hash for take in alone.takes[0]] == [take.content_hash for take in together.takes[0]]


def test_what_is_fresh_is_not_made_again(results: Results, tmp_path: Path) -> None:
    run(production(), results, workplace(tmp_path))
    place = workplace(tmp_path)
    assert all(place.store.state(piece).state == "fresh" for piece in pieces(production(), results))
    run(production(), results, place)
    assert isinstance(place.report, Listener)
    assert place.report.begun == []


def test_another_temperature_makes_the_takes_stale_and_says_why(results: Results, tmp_path: Path) -> None:
    place = workplace(tmp_path)
    run(production(), results, place)
    state = place.store.state(pieces(production(temperature=0.5), results)[0])
    assert state.state == "stale"
    assert "temperature" in state.why


def test_training_again_to_the_same_weights_keeps_the_takes(results: Results, tmp_path: Path) -> None:
    place = workplace(tmp_path)
    run(production(), results, place)
    again = train(place.store, results, "with another log")
    assert all(place.store.state(piece).state == "fresh" for piece in pieces(production(), again))


def test_seconds_give_every_take_the_same_length(results: Results, tmp_path: Path) -> None:
    done = run(production(seconds=0.5), results, workplace(tmp_path))
    assert {take.record.samples for take in done.takes[0]} == {RATE_HZ // 2}


def test_priming_changes_the_take_and_is_recorded(results: Results, tmp_path: Path) -> None:
    cold = run(production(), results, workplace(tmp_path))
    primed = run(production(prime_s=0.5, prime_from_s=1.0), results, workplace(tmp_path))
    assert primed.takes[0][0].record.primed_samples == RATE_HZ // 2
    assert (takes_of(cold)[-1] != takes_of(primed)[-1]).any()


def test_priming_beyond_the_recording_is_refused(results: Results) -> None:
    with pytest.raises(ProductionError, match="priming ends at 9 s"):
        pieces(production(prime_s=5.0, prime_from_s=4.0), results)


def test_of_several_candidates_the_closest_is_chosen_and_all_are_kept(results: Results, tmp_path: Path) -> None:
    film = production(candidates=3, candidate_temperatures=[0.5, 1.0, 2.0])
    place = workplace(tmp_path)
    done = run(film, results, place)
    take = done.takes[0][-1]
    distances = [candidate.distance for candidate in take.record.candidates]
    assert len(distances) == 3
    assert take.record.chosen == 1 + int(np.argmin(distances))
    assert take.record.temperature == (0.5, 1.0, 2.0)[take.record.chosen - 1]
    sets = [piece for piece in pieces(film, results) if "candidates" in piece.name]
    kept = place.store.published(sets[-1], CandidateSet)
    chosen = kept.record.candidates[take.record.chosen - 1]
    np.testing.assert_array_equal(np.load(kept.path(chosen.bytes_file)), takes_of(done)[-1])
    assert all(kept.path(candidate.listen_file).is_file() for candidate in kept.record.candidates)


def test_a_choice_by_hand_says_nothing_anew(results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(production(candidates=2), results, workplace(tmp_path))
    other = 3 - first.takes[0][-1].record.chosen
    monkeypatch.setattr(sample, "make_take", lambda *_: pytest.fail("a take was made again"))
    chosen = run(production(candidates=2, choose={1000: other}), results, workplace(tmp_path)).takes[0][-1].record
    assert (chosen.chosen, chosen.chosen_by) == (other, "hand")


def test_a_choice_by_voice_generates_nothing_anew_and_takes_the_closest_voice(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(production(candidates=3), results, workplace(tmp_path))
    monkeypatch.setattr(sample, "make_take", lambda *_: pytest.fail("a take was generated again"))
    take = run(production(candidates=3, choose_by="voice"), results, workplace(tmp_path)).takes[0][-1].record
    facts, recording = take.candidates, recording_voice(results.corpora[0])
    far = [voice_distance(one.facts.voice, recording) + 2 * one.facts.copied_samples / take.samples for one in facts]
    assert take.chosen == 1 + int(np.argmin(far))
    assert take.chosen_by == "rule"


def test_the_first_candidate_is_the_take_that_would_be_made_alone(results: Results, tmp_path: Path) -> None:
    alone = run(production(), results, workplace(tmp_path))
    picked = {piece.ingredients["iteration"]: 1 for piece in sample.pieces(production(), results)}
    several = run(production(candidates=2, choose=picked), results, workplace(tmp_path))
    for one, other in zip(takes_of(alone), takes_of(several), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("candidates", [1, 2])
def test_a_layout_that_shows_the_network_samples_anew_the_same_bytes_with_traces(
    results: Results, tmp_path: Path, candidates: int
) -> None:
    plain, place = production(candidates=candidates), workplace(tmp_path)
    inside = plain.model_copy(update={"sections": (plain.sections[0].model_copy(update={"layout": "inside"}),)})
    before = run(plain, results, place)
    assert all("traces" not in piece.ingredients for piece in pieces(plain, results))
    assert {place.store.state(piece).state for piece in pieces(inside, results)} != {"fresh"}
    after = run(inside, results, place)
    for one, other in zip(takes_of(before), takes_of(after), strict=True):
        np.testing.assert_array_equal(one, other)
    for take in after.takes[0]:
        traces = take.record.traces
        assert traces is not None
        rows = np.load(take.path(traces.distribution_file))
        assert rows.shape == (-(-take.record.samples // traces.distribution_samples), 256)
        cells = np.load(take.path(traces.cells_file))
        assert cells.shape == (-(-take.record.samples // traces.cells_samples), NETWORK.layers * NETWORK.neurons)
        assert rows.nbytes + cells.nbytes < 100_000 * take.record.duration_s
    assert {place.store.state(piece).state for piece in pieces(inside, results)} == {"fresh"}
    assert {place.store.state(piece).state for piece in pieces(plain, results)} == {"fresh"}


def test_takes_made_while_training_runs_are_those_of_the_stage(results: Results, tmp_path: Path) -> None:
    film, place = production(), workplace(tmp_path)
    folder = tmp_path / "training"
    save_random_checkpoint(folder, NETWORK, 0)
    assert follow(film, results, place, {0: folder}) == 0
    plan = CheckpointPlan(checkpoints=ITERATIONS, cores=1)
    (folder / PLAN_FILE).write_text(plan.model_dump_json(), encoding="utf-8")
    assert follow(film, results, place, {0: folder}) == 1
    assert follow(film, results, place, {0: folder}) == 0
    save_random_checkpoint(folder, NETWORK, 1000)
    assert follow(film, results, place, {0: folder}) == 1
    states = [place.store.state(piece).state for piece in pieces(film, results)]
    assert states.count("fresh") == 2
    take = place.store.published(pieces(film, results)[-1], Take)
    assert take.record.iteration == 1000


def test_doubts_are_told_also_of_takes_that_were_made_before(results: Results, tmp_path: Path) -> None:
    warned: list[str] = []

    class Doubter(Listener):
        def warn(self, text: str) -> None:
            warned.append(text)

    place = workplace(tmp_path)
    run(production(), results, replace(place, report=Doubter()))
    first = list(warned)
    run(production(), results, replace(place, report=Doubter()))
    assert first
    assert warned == first * 2


def test_workers_do_without_torch() -> None:
    program = "import sys, pipeline.stages.sample; print('torch' in sys.modules, 'numba' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]


def silent_training(store: Store, results: Results, iteration: int) -> None:
    """Make one checkpoint say nothing but the byte of silence."""
    folder = results.runs[0].folder
    weights = random_weights(NETWORK, seed=iteration)
    bias = next(name for name in weights if weights[name].shape == (256,))
    weights[bias] = np.full(256, -50.0, np.float32)
    weights[bias][int(quantise(np.zeros(1), "mu-law")[0])] = 50.0
    record = load_checkpoint(folder / f"weights-{iteration:06d}.json").record
    save_checkpoint(folder, record, weights)
    assert store.root.is_dir()


def test_dead_air_is_cut_and_told_and_kept_where_that_is_set(results: Results, tmp_path: Path) -> None:
    place = workplace(tmp_path)
    silent_training(place.store, results, 1000)
    cut = run(production(seconds=4.0), results, place).takes[0][-1]
    assert cut.record.duration_s == pytest.approx(1.0)
    assert cut.record.facts.cut_s == pytest.approx(3.0)
    assert np.load(cut.path(cut.record.bytes_file)).shape == (cut.record.samples,)
    assert soundfile.info(cut.path(cut.record.listen_file)).frames == cut.record.samples
    assert isinstance(place.report, Listener)
    assert any("dead air" in note and "1,000 (3.0 s)" in note for note in place.report.notes)
    kept = run(production(seconds=4.0, trim_silence=False), results, workplace(tmp_path)).takes[0][-1]
    assert kept.record.duration_s == 4.0
    several = run(production(seconds=4.0, candidates=2), results, workplace(tmp_path)).takes[0][-1]
    assert several.record.samples == RATE_HZ


def test_a_choice_for_an_iteration_that_is_not_there_is_an_error(results: Results, tmp_path: Path) -> None:
    with pytest.raises(ProductionError, match="iteration 650") as caught:
        pieces(production(candidates=2, choose={650: 2}), results)
    assert "1000" in caught.value.expected
    warned: list[str] = []

    class Doubter(Listener):
        def warn(self, text: str) -> None:
            warned.append(text)

    run(production(candidates=2, choose={100: 2}), results, replace(workplace(tmp_path), report=Doubter()))
    assert any("iteration 100 changes nothing" in text for text in warned)
