//! Whether standard input and standard output were open when the process began.
//!
//! Rust's runtime opens `/dev/null` in place of a closed descriptor 0, 1 or 2 before `main`, so a tool started with
//! `>&-` would write its document into nothing and answer 0, and one with `<&-` would take nothing for an empty file. A supervisor that passes `/dev/null` on purpose looks
//! the same from `main` on; the only moment to tell them apart is before the runtime starts.

use std::sync::atomic::{AtomicBool, Ordering};

static STDIN_CLOSED: AtomicBool = AtomicBool::new(false);
static STDOUT_CLOSED: AtomicBool = AtomicBool::new(false);

/// True if descriptor 0 was closed when this process was started.
#[must_use]
pub fn stdin_was_closed() -> bool {
    STDIN_CLOSED.load(Ordering::Relaxed)
}

/// True if descriptor 1 was closed when this process was started.
#[must_use]
pub fn stdout_was_closed() -> bool {
    STDOUT_CLOSED.load(Ordering::Relaxed)
}

extern "C" fn note() {
    // fcntl(F_GETFD) fails for one reason only: the descriptor is not open.
    STDIN_CLOSED.store(rustix::io::fcntl_getfd(rustix::stdio::stdin()).is_err(), Ordering::Relaxed);
    STDOUT_CLOSED.store(rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err(), Ordering::Relaxed);
}

// SAFETY: the sections named here hold pointers to functions that the C runtime calls once before `main`, with no
// other thread alive; `note` has that signature, makes two system calls and two atomic stores, and needs nothing of
// Rust's runtime.
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static BEFORE_MAIN: extern "C" fn() = note;
