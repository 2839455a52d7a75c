//! Modules and tokens: which one a URI means.

use std::fmt;
use std::path::{Path, PathBuf};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::{Slot, TokenInfo};

use crate::{HardwareError, Uri};

/// Where systems put modules, for those that are named and not placed.
const DIRECTORIES: [&str; 9] = [
    "/usr/lib/pkcs11",
    "/usr/lib64/pkcs11",
    "/usr/lib/x86_64-linux-gnu/pkcs11",
    "/usr/lib/aarch64-linux-gnu/pkcs11",
    "/usr/lib/softhsm",
    "/usr/local/lib/pkcs11",
    "/usr/local/lib/softhsm",
    "/usr/lib/x86_64-linux-gnu/softhsm",
    "/opt/homebrew/lib/pkcs11",
];

/// The most tokens that are listed in a message.
const MAX_LISTED: usize = 16;

/// What a token says of itself: nothing here is proven.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    /// Its label, without the blanks that fill it up.
    pub label: String,
    /// Who made it.
    pub manufacturer: String,
    /// What it is.
    pub model: String,
    /// Its serial number, a text.
    pub serial: String,
    /// The slot it is in; another one tomorrow, with some modules.
    pub slot_id: u64,
}

/// Quoted, for a message.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} serial {:?} in slot {}", self.label, self.serial, self.slot_id)
    }
}

impl Token {
    fn new(slot: Slot, info: &TokenInfo) -> Self {
        Self {
            label: info.label().to_owned(),
            manufacturer: info.manufacturer_id().to_owned(),
            model: info.model().to_owned(),
            serial: info.serial_number().to_owned(),
            slot_id: slot.id(),
        }
    }

    fn fits(&self, uri: &Uri) -> bool {
        let same =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        same(&uri.token, &self.label)
            && same(&uri.manufacturer, &self.manufacturer)
            && same(&uri.model, &self.model)
            && same(&uri.serial, &self.serial)
            && uri.slot_id.is_none_or(|wanted| wanted == self.slot_id)
    }
}

/// The module's library: the one that `flag` or the URI names. Naming two that differ is an error.
pub(crate) fn module(uri: &Uri, flag: Option<&Path>) -> Result<PathBuf, HardwareError> {
    let opened = |path: &Path| {
        // The loader would search other directories for a name without one.
        path.canonicalize().map_err(|source| HardwareError::Module { path: path.to_owned(), source })
    };
    let mut named =
        [flag, uri.module_path()].into_iter().flatten().map(opened).collect::<Result<Vec<_>, _>>()?;
    if let Some(name) = uri.module_name() {
        named.extend(installed(name)?);
    }
    named.dedup();
    match <[PathBuf; 1]>::try_from(named) {
        Ok([path]) => Ok(path),
        Err(named) => match &named[..] {
            [first, second, ..] => Err(HardwareError::Modules(first.clone(), second.clone())),
            _ => Err(HardwareError::NoModule(String::new())),
        },
    }
}

fn installed(name: &str) -> Result<Vec<PathBuf>, HardwareError> {
    let files = [format!("{name}.so"), format!("lib{name}.so"), format!("lib{name}.dylib")];
    let places = DIRECTORIES.iter().flat_map(|dir| files.iter().map(move |file| Path::new(dir).join(file)));
    let mut found: Vec<PathBuf> = places.filter_map(|path| path.canonicalize().ok()).collect();
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err(HardwareError::NoModule(format!(" {name:?} in {}", DIRECTORIES.join(", "))));
    }
    Ok(found)
}

/// Loads a module. It may have been loaded before.
pub(crate) fn load(module: &Path) -> Result<Pkcs11, HardwareError> {
    let context = Pkcs11::new(module)?;
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(context),
        Err(err) => Err(err.into()),
    }
}

/// The one token that the URI fits.
pub(crate) fn find(context: &Pkcs11, uri: &Uri) -> Result<(Slot, Token, TokenInfo), HardwareError> {
    let mut all = Vec::new();
    for slot in context.get_slots_with_token()? {
        let info = context.get_token_info(slot)?;
        // Empty ones have neither label nor keys; SoftHSM always shows one.
        if info.token_initialized() {
            all.push((slot, Token::new(slot, &info), info));
        }
    }
    let fitting = all.iter().filter(|(_, token, _)| token.fits(uri)).count();
    if fitting != 1 {
        let names: Vec<String> = all.iter().take(MAX_LISTED).map(|(_, token, _)| token.to_string()).collect();
        let tokens =
            if names.is_empty() { "none there".to_owned() } else { format!("there: {}", names.join(", ")) };
        return Err(HardwareError::Tokens { found: fitting, tokens });
    }
    let missing = || HardwareError::Tokens { found: 0, tokens: String::new() };
    all.into_iter().find(|(_, token, _)| token.fits(uri)).ok_or_else(missing)
}
