"""The page cache: how much of some files is in it, reading them in, and dropping them."""

import ctypes
import mmap
import os
import time

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
LIBC.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
MAP_FAILED = ctypes.c_void_p(-1).value


class Unmeasured(Exception):
    """Why something could not be measured."""


def pages(files):
    return sum(-(-os.path.getsize(file) // mmap.PAGESIZE) for file in files)


def resident(files):
    """How many pages of `files`, which are ours, are in the page cache.

    By mincore, which knows files of an overlay too; cachestat sees nothing of them.
    """
    return sum(resident_of(file) for file in files)


def resident_of(file):
    length = os.path.getsize(file)
    if not length:
        return 0
    descriptor = os.open(file, os.O_RDONLY)
    try:
        # Python's own mmap does not tell where a mapping lies that is only for reading.
        start = LIBC.mmap(None, length, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, 0)
    finally:
        os.close(descriptor)
    if start == MAP_FAILED:
        raise Unmeasured(f"mmap: {os.strerror(ctypes.get_errno())}")
    try:
        flags = ctypes.create_string_buffer(pages([file]))
        if LIBC.mincore(start, length, flags):
            raise Unmeasured(f"mincore: {os.strerror(ctypes.get_errno())}")
        return flags.raw.count(1)
    finally:
        LIBC.munmap(start, length)


def warm(files):
    """Reads `files` into the page cache, as those that hash around it do not."""
    if resident(files) < pages(files):
        for file in files:
            with open(file, "rb", buffering=0) as source:
                while source.read(1 << 20):
                    pass


def check_warm(files):
    """Unmeasured unless (nearly) all of `files` is in the page cache."""
    found, wanted = resident(files), pages(files)
    if found < 0.99 * wanted:
        raise Unmeasured(f"{found} of {wanted} pages of the files stayed in the page cache, too little memory perhaps")


def drop(files):
    """Takes `files` out of the page cache and makes sure that they left it, else Unmeasured."""
    # Pages that another processor was about to put on a list are missed at first.
    for pause in (0, 0.05, 0.2, 1):
        time.sleep(pause)
        for file in files:
            descriptor = os.open(file, os.O_RDONLY)
            try:
                # What is not on the disk yet is not dropped.
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)
        left = resident(files)
        if not left:
            return
    raise Unmeasured(f"{left} of {pages(files)} pages of the files cannot be dropped from the page cache")
