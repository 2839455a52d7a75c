//! The memory that the interpreted assembler may touch, and nothing else of it.

/// A piece of memory at an address of its own, with closed space around it.
struct Region {
    name: &'static str,
    base: u64,
    /// `None` where nothing was written yet.
    bytes: Vec<Option<u8>>,
    writable: bool,
}

/// All of it.
#[derive(Default)]
pub struct Memory {
    regions: Vec<Region>,
}

impl Memory {
    /// Lays out a region that holds `bytes`. The address is a multiple of 64, plus `offset`.
    pub fn place(&mut self, name: &'static str, bytes: &[u8], writable: bool, offset: u64) -> u64 {
        self.add(name, bytes.iter().copied().map(Some).collect(), writable, offset)
    }

    /// Lays out a region that holds nothing yet.
    pub fn reserve(&mut self, name: &'static str, length: usize) -> u64 {
        self.add(name, vec![None; length], true, 0)
    }

    fn add(&mut self, name: &'static str, bytes: Vec<Option<u8>>, writable: bool, offset: u64) -> u64 {
        let base = 0x10_0000 * (1 + self.regions.len() as u64) + offset;
        self.regions.push(Region { name, base, bytes, writable });
        base
    }

    /// The bytes at an address, all of them in one region and all written before.
    pub fn read<const N: usize>(&self, address: u64) -> Result<[u8; N], String> {
        for region in &self.regions {
            if let Some(at) = place(region, address, N) {
                let mut bytes = [0; N];
                for (to, from) in bytes.iter_mut().zip(&region.bytes[at..]) {
                    *to = from
                        .ok_or_else(|| format!("reads {} at {at}, which was never written", region.name))?;
                }
                return Ok(bytes);
            }
        }
        Err(format!("reads {N} bytes at {address:#x}, where nothing is"))
    }

    /// Writes into one region, which must be one to write to.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), String> {
        for region in &mut self.regions {
            if let Some(at) = place(region, address, bytes.len()) {
                if !region.writable {
                    return Err(format!("writes to {} at {at}", region.name));
                }
                for (to, from) in region.bytes[at..].iter_mut().zip(bytes) {
                    *to = Some(*from);
                }
                return Ok(());
            }
        }
        Err(format!("writes {} bytes at {address:#x}, where nothing is", bytes.len()))
    }
}

/// Where in the region the `length` bytes at `address` begin, if all of them are in it.
fn place(region: &Region, address: u64, length: usize) -> Option<usize> {
    let at = usize::try_from(address.checked_sub(region.base)?).ok()?;
    (at + length <= region.bytes.len()).then_some(at)
}
