//! As much of the standard library, and of the crate `sha2`, as the kernels ask for.

pub mod sync {
    use core::cell::OnceCell;

    pub struct OnceLock<T>(OnceCell<T>);

    // SAFETY: there is one processor, and it does one thing.
    unsafe impl<T> Sync for OnceLock<T> {}

    impl<T> OnceLock<T> {
        pub const fn new() -> Self {
            Self(OnceCell::new())
        }

        pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
            self.0.get_or_init(make)
        }
    }
}

pub mod time {
    pub use core::time::Duration;

    #[derive(Clone, Copy)]
    pub struct Instant(u64);

    impl Instant {
        pub fn now() -> Self {
            Self(unsafe { core::arch::x86_64::_rdtsc() })
        }

        pub fn elapsed(self) -> Duration {
            Duration::from_nanos(Self::now().0 - self.0)
        }
    }
}

pub mod block_api {
    /// For processors that have nothing: this one has it all.
    pub fn compress256(_: &mut [u32; 8], _: &[[u8; 64]]) {
        panic!();
    }
}
