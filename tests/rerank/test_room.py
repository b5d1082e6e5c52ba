"""The size of a batch follows what fits."""

import pytest
import torch

from rerankkit.rerank.room import Room, Waiting, cut, lacks_memory


def test_on_a_processor_the_guess_is_the_most_and_on_a_gpu_it_doubles_while_it_fits():
    assert (Room.on("cpu", 4096).most, Room.on("mps", 4096).most, Room.on("cuda", 4096).most) == (4096, 32768, 262144)
    room, sizes = Room.on("cuda", 100), []
    for _ in range(9):
        sizes.append(room.tokens)
        room.fitted(room.tokens)
    assert sizes == [100, 200, 400, 800, 1600, 3200, 6400, 6400, 6400]


def test_half_empty_batches_prove_nothing():
    room = Room(100, 800)
    for _ in range(5):
        room.fitted(50)
    assert room.tokens == 100
    room.fitted(51)
    assert room.tokens == 200


def test_after_a_lack_it_is_half_and_twice_as_much_is_tried_after_8_full_batches_then_16():
    room = Room(100, 100)
    room.halve(90)
    assert room.tokens == 45
    for patience in (8, 16, 32):
        for _ in range(patience - 1):
            room.fitted(45)
        assert room.tokens == 45
        room.fitted(45)
        assert room.tokens == 90
        room.halve(90)


def test_it_grows_back_to_where_it_was_and_no_further():
    room = Room(100, 100)
    room.halve(100)
    room.halve(50)
    for _ in range(8 + 8):
        room.fitted(room.tokens)
    assert room.tokens == 100
    for _ in range(100):
        room.fitted(room.tokens)
    assert room.tokens == 100


def test_it_never_falls_to_nothing():
    room = Room(1, 100)
    room.halve(1)
    assert room.tokens == 1


def test_the_longest_are_taken_first_and_a_long_one_goes_alone():
    lengths = [3, 50, 10, 10, 2]
    waiting, batches = Waiting(lengths, "cuda"), []
    while waiting:
        batches.append(waiting.take(20))
    assert [sorted(lengths[place] for place in batch) for batch in batches] == [[50], [10, 10], [2, 3]]


def test_what_is_given_back_is_taken_again():
    waiting = Waiting([1, 2, 3, 4], "cuda")
    batch = waiting.take(8)
    assert batch == [3, 2]
    assert waiting.size(batch) == 8
    waiting.give_back(batch)
    assert [waiting.take(4), waiting.take(4), waiting.take(4)] == [[3], [2], [1, 0]]
    assert not waiting


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("MPS backend out of memory (MPS allocated: 17.96 GB, max allowed: 18.13 GB)."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory: you tried to"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:72] . DefaultCPUAllocator: not enough memory: you tried to"),
        MemoryError(),
    ],
    ids=str,
)
def test_a_lack_of_memory(error):
    assert lacks_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied (1x2 and 3x4)"),
        RuntimeError("CUDA error: device-side assert triggered"),
        ValueError("out of memory"),
        IndexError("index out of range in self"),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
def test_another_fault(error):
    assert not lacks_memory(error)


def test_a_batch_is_cut_where_padding_costs_more_than_another_batch():
    """By hand: 4 of 100 and 4 of 10 in one batch are 800 tokens, in two 440 and twice the start."""
    assert cut([100] * 4 + [10] * 4, 1000, 64) == [4, 4]
    assert cut([100] * 4 + [10] * 4, 1000, 400) == [8]
    assert cut([100, 90, 90], 1000, 64) == [3]
    assert cut([100, 100, 5], 150, 64) == [1, 1, 1]
    assert cut([], 10, 1) == []
