//! Whether standard output was open when the process began.
//!
//! Rust's runtime opens `/dev/null` in place of a closed descriptor 0, 1 or 2 before `main`, so a tool started with
//! `>&-` would write its document into nothing and answer 0. A supervisor that passes `/dev/null` on purpose looks
//! the same from `main` on; the only moment to tell them apart is before the runtime starts.

use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// True if descriptor 1 was closed when this process was started.
#[must_use]
pub fn stdout_was_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

extern "C" fn note() {
    // fcntl(F_GETFD) fails for one reason only: the descriptor is not open.
    let closed = rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err();
    CLOSED.store(closed, Ordering::Relaxed);
}

// SAFETY: the sections named here hold pointers to functions that the C runtime calls once before `main`, with no
// other thread alive; `note` has that signature, makes one system call and one atomic store, and needs nothing of
// Rust's runtime.
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static BEFORE_MAIN: extern "C" fn() = note;
