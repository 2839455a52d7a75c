//! A password from the terminal, which is left as it was found.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write as _};

use mlbom_sigstore::signing::Zeroizing;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::SIGINT;
use signal_hook::low_level::emulate_default_handler;

use crate::password::first_line;

/// Control-C, as a terminal sends it.
const INTERRUPT: u8 = 3;

/// Asks at the terminal of this process, whatever its streams are. `None` if what is typed is too long.
pub(crate) fn ask(prompt: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let silent = Silent::new(&terminal)?;
    // A prompt that comes before would have the first letters shown.
    (&terminal).write_all(prompt.as_bytes())?;
    let mut typed = Typed { terminal: &terminal, end: None };
    let line = first_line(&mut typed);
    let end = typed.end;
    // Before anything else, and before any signal ends this process.
    drop(silent);
    (&terminal).write_all(b"\n")?;
    match end {
        Some(End::Interrupt) => {
            let _ = emulate_default_handler(SIGINT);
            Err(io::ErrorKind::Interrupted.into())
        }
        Some(End::File) => Err(io::ErrorKind::UnexpectedEof.into()),
        None => line,
    }
}

/// A terminal that shows nothing of what is typed, until this goes.
struct Silent<'a> {
    terminal: &'a File,
    found: Termios,
}

impl<'a> Silent<'a> {
    fn new(terminal: &'a File) -> io::Result<Self> {
        let found = tcgetattr(terminal)?;
        let mut modes = found.clone();
        // Control-C is read, and ends the line: as a signal it would end the process, and leave the terminal silent.
        modes.local_modes -= LocalModes::ECHO | LocalModes::ISIG;
        modes.local_modes |= LocalModes::ICANON;
        modes.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        tcsetattr(terminal, OptionalActions::Now, &modes)?;
        Ok(Self { terminal, found })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        // The rest of a line that was too long goes: it would be the next thing that a shell reads.
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.found);
    }
}

/// What else ends a line.
#[derive(Clone, Copy)]
enum End {
    File,
    Interrupt,
}

struct Typed<'a> {
    terminal: &'a File,
    end: Option<End>,
}

impl Read for Typed<'_> {
    /// One byte at most.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.terminal.read(&mut into[..1])?;
        if read == 0 {
            self.end = Some(End::File);
        } else if into[0] == INTERRUPT {
            self.end = Some(End::Interrupt);
            return Ok(0);
        }
        Ok(read)
    }
}
