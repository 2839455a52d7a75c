//! Goes from one subject that the flags name to the next, and lets every reader look that has something to say of it.

use std::path::{Path, PathBuf};

use mlbom::cli::Progress;
use mlbom::evidence::{
    self, Absence, Entity, Evidence, FlagSource, Producer, RelationKind, Role, Source, Trust,
};
use mlbom::manifest::{Kind, Manifest};
use mlbom_bom::record::Record;
use mlbom_bom::vocabulary::term_of;
use mlbom_tree::{Options, Tree};
use serde_json::{Value, json};

use crate::args::{Args, Dataset, Named};
use crate::error::Error;
use crate::folder::Folder;
use crate::readers::{Machine, On, READERS, Read, Reader};
use crate::scribe::{Scribe, id_of};
use crate::{checks, hub};

/// What was captured, and the device and inode of every file that was read for it.
pub(crate) struct Captured {
    pub(crate) evidence: Evidence,
    pub(crate) identities: Vec<(u64, u64)>,
}

/// Captures all that `args` name.
pub(crate) fn capture(
    args: &Args,
    manifest: Option<Manifest>,
    machine: &Machine,
    progress: &Progress,
) -> Result<Captured, Error> {
    refuse_none_and_some(args)?;
    let mut record = Record::default();
    let model =
        Entity { id: evidence::MODEL.to_owned(), role: Role::Model, name: evidence::MODEL.to_owned() };
    record.entity(model)?;
    let caches = hub::caches(args, machine);
    let (bases, identities) = (Vec::new(), Vec::new());
    let mut capture = Capture { args, record, machine, progress, bases, caches, identities };
    capture.declared_absences()?;
    if let Some(path) = &args.model {
        capture.model(path, manifest)?;
    }
    for path in &args.run {
        capture.run_folder(On::Run, path)?;
        capture.beside_the_model(path)?;
    }
    for base in &args.base {
        if let Named::Path(path) = base {
            capture.base(path)?;
        }
    }
    for path in &args.adapter {
        let place = hub::model(path, &capture.caches)?;
        capture.content(Role::Adapter, On::Adapter, &place)?;
    }
    for dataset in &args.dataset {
        if let Dataset::Path(role, path) = dataset {
            let place = hub::dataset(path, &capture.caches)?;
            capture.content(*role, On::Dataset, &place)?;
        }
    }
    for path in &args.code {
        capture.code(path)?;
    }
    for path in &args.python {
        capture.run_folder(On::Python, path)?;
    }
    if args.ci {
        capture.machine(Role::Run, On::Ci)?;
    }
    if args.ci || args.host {
        capture.machine(Role::Hardware, On::Host)?;
    }
    let Capture { mut record, bases, identities, .. } = capture;
    checks::all(&mut record, &bases);
    let producer = Producer { name: crate::TOOL.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    Ok(Captured { evidence: record.finish(producer)?, identities })
}

fn refuse_none_and_some(args: &Args) -> Result<(), Error> {
    if args.base.contains(&Named::None) && args.base.iter().any(|base| *base != Named::None) {
        return Err(Error::NoneAndSome("base"));
    }
    if args.dataset.contains(&Dataset::None) && args.dataset.iter().any(|dataset| *dataset != Dataset::None) {
        return Err(Error::NoneAndSome("dataset"));
    }
    Ok(())
}

struct Capture<'a> {
    args: &'a Args,
    record: Record,
    machine: &'a Machine,
    progress: &'a Progress,
    /// The base models, by the path that named them.
    bases: Vec<(PathBuf, String)>,
    identities: Vec<(u64, u64)>,
    caches: hub::Caches,
}

impl Capture<'_> {
    fn scribe(&mut self, reader: &'static str, entity: &str) -> Scribe<'_> {
        Scribe {
            record: &mut self.record,
            args: self.args,
            reader,
            entity: entity.to_owned(),
            unreadable: false,
        }
    }

    fn declared_absences(&mut self) -> Result<(), Error> {
        let flags = [
            (self.args.base.contains(&Named::None), "declared.noBaseModel", "--base none"),
            (self.args.dataset.contains(&Dataset::None), "declared.noDataset", "--dataset none"),
        ];
        for (given, fact, flag) in flags {
            if given {
                let source = Source::Flag(FlagSource { flag: flag.to_owned() });
                self.scribe("flag", evidence::MODEL).fact(fact, true, Trust::Declared, source);
            }
        }
        Ok(())
    }

    fn model(&mut self, path: &Path, manifest: Option<Manifest>) -> Result<(), Error> {
        let (tree, manifest) = match manifest {
            Some(manifest) => (Tree::of_manifest(path, &manifest)?, manifest),
            None => Tree::hash(path, &Options::default(), self.progress)?,
        };
        let adapter = manifest.files().iter().any(|file| file.path.as_str() == "adapter_config.json");
        let (name, digest) = (manifest.name().to_owned(), digest_of(&manifest));
        let flag = Source::Flag(FlagSource { flag: "--model".to_owned() });
        self.scribe("content", evidence::MODEL).fact("content.digest", digest.clone(), Trust::Computed, flag);
        let mut folder = Folder {
            entity: evidence::MODEL.to_owned(),
            role: Role::Model,
            root: evidence::MODEL.to_owned(),
            path: path.to_owned(),
            tree,
            manifest: Some(manifest),
        };
        self.read(On::Model, &folder)?;
        // What the trainer left may lie in the model itself.
        folder.entity = self.scribe("flag", "").entity_named(Role::Run)?;
        folder.role = Role::Run;
        self.read(On::Run, &folder)?;
        if adapter {
            let id = id_of(Role::Adapter, &name, &digest);
            self.record.entity(Entity { id: id.clone(), role: Role::Adapter, name })?;
            folder.entity = id.clone();
            folder.role = Role::Adapter;
            self.content_facts(&folder);
            self.read(On::Adapter, &folder)?;
            let config = folder.file("adapter_config.json").map(|file| folder.at(file).whole());
            if let Some(config) = config {
                let mut scribe = self.scribe("content", evidence::MODEL);
                scribe.relation(evidence::MODEL, RelationKind::Contains, &id, Trust::Computed, config);
            }
        }
        Ok(())
    }

    fn base(&mut self, path: &Path) -> Result<(), Error> {
        let place = hub::model(path, &self.caches)?;
        let id = self.content(Role::BaseModel, On::Base, &place)?;
        self.bases.push((path.to_owned(), id.clone()));
        let flag = Source::Flag(FlagSource { flag: "--base".to_owned() });
        self.scribe("flag", &id).relation(
            evidence::MODEL,
            RelationKind::DerivedFrom,
            &id,
            Trust::Declared,
            flag,
        );
        Ok(())
    }

    /// A tree of files that is an entity of its own: hashed, then read.
    fn content(&mut self, role: Role, on: On, place: &hub::Place) -> Result<String, Error> {
        let options = Options { exclusions: place.exclusions(), ..Options::default() };
        let (tree, manifest) = Tree::hash(&place.files, &options, self.progress)?;
        let name = place.name.clone().unwrap_or_else(|| manifest.name().to_owned());
        let digest = digest_of(&manifest);
        let id = self.scribe("content", "").entity(role, &name, &digest)?;
        let folder = Folder {
            entity: id.clone(),
            role,
            root: id.clone(),
            path: place.files.clone(),
            tree,
            manifest: Some(manifest),
        };
        self.content_facts(&folder);
        let mut scribe = self.scribe("hub-cache", &id);
        hub::read(&mut scribe, &folder, place)?;
        self.read(on, &folder)?;
        if role.is_dataset() {
            let flag = Source::Flag(FlagSource { flag: format!("--dataset {role}") });
            self.scribe("flag", &id).relation(
                evidence::MODEL,
                RelationKind::Used,
                &id,
                Trust::Declared,
                flag,
            );
        } else if role == Role::Adapter {
            let flag = Source::Flag(FlagSource { flag: "--adapter".to_owned() });
            self.scribe("flag", &id).relation(
                evidence::MODEL,
                RelationKind::Contains,
                &id,
                Trust::Declared,
                flag,
            );
        }
        Ok(id)
    }

    /// What every hashed tree has: its digest, its size, its files.
    fn content_facts(&mut self, folder: &Folder) {
        let Some(manifest) = &folder.manifest else { return };
        let files: Vec<Value> = manifest
            .files()
            .iter()
            .map(|file| json!({"path": file.path, "size": file.size, "sha256": file.digests.sha256}))
            .collect();
        let bytes: u64 = manifest.files().iter().map(|file| file.size).sum();
        let source = Source::Flag(FlagSource { flag: flag_of(folder).to_owned() });
        let digest = digest_of(manifest);
        let mut scribe = self.scribe("content", &folder.entity);
        scribe.fact("content.digest", digest, Trust::Computed, source.clone());
        scribe.fact("content.bytes", bytes, Trust::Computed, source.clone());
        scribe.files(&folder.entity, files, source);
    }

    fn code(&mut self, path: &Path) -> Result<(), Error> {
        let tree = Tree::open(path)?;
        // Its id needs no digest: what the code is, its commit says. Two of a name are numbered as they were given.
        let taken =
            |name: &str| self.record.entities().any(|entity| entity.id == format!("{}:{name}", Role::Code));
        let plain = tree.name().to_owned();
        let numbered = (2..).map(|number| format!("{plain}-{number}"));
        let name = [plain.clone()].into_iter().chain(numbered).find(|name| !taken(name)).unwrap_or(plain);
        let id = format!("{}:{name}", Role::Code);
        self.record.entity(Entity { id: id.clone(), role: Role::Code, name })?;
        let folder = Folder {
            entity: id.clone(),
            role: Role::Code,
            root: id,
            path: path.to_owned(),
            tree,
            manifest: None,
        };
        self.read(On::Code, &folder)
    }

    /// A directory that says something of the run and is not hashed.
    fn run_folder(&mut self, on: On, path: &Path) -> Result<(), Error> {
        let entity = self.scribe("flag", "").entity_named(Role::Run)?;
        let tree = Tree::open(path)?;
        let folder = Folder {
            root: entity.clone(),
            entity,
            role: Role::Run,
            path: path.to_owned(),
            tree,
            manifest: None,
        };
        self.read(on, &folder)
    }

    /// The trainer writes the card of the model into its own directory.
    fn beside_the_model(&mut self, path: &Path) -> Result<(), Error> {
        let (root, tree) = (self.scribe("flag", "").entity_named(Role::Run)?, Tree::open(path)?);
        let entity = evidence::MODEL.to_owned();
        let folder = Folder { root, entity, role: Role::Model, path: path.to_owned(), tree, manifest: None };
        self.read(On::BesideModel, &folder)
    }

    fn machine(&mut self, role: Role, on: On) -> Result<(), Error> {
        let entity = self.scribe("flag", "").entity_named(role)?;
        let machine = self.machine;
        for reader in READERS.iter().filter(|reader| reader.on.contains(&on)) {
            if let Read::Machine(read) = reader.read {
                let mut scribe = self.scribe(reader.name, &entity);
                read(&mut scribe, machine)?;
                let unreadable = scribe.unreadable;
                self.say_what_is_absent(reader, role, &entity, unreadable);
            }
        }
        Ok(())
    }

    /// Lets every reader of `on` look at `folder`.
    fn read(&mut self, on: On, folder: &Folder) -> Result<(), Error> {
        for reader in READERS.iter().filter(|reader| reader.on.contains(&on)) {
            if let Read::Folder(read) = reader.read {
                let mut scribe = self.scribe(reader.name, &folder.entity);
                read(&mut scribe, folder)?;
                let unreadable = scribe.unreadable;
                self.say_what_is_absent(reader, folder.role, &folder.entity, unreadable);
            }
        }
        self.identities.extend(folder.tree.identities());
        Ok(())
    }

    /// What a reader looks for and did not find is not there, or could not be read.
    fn say_what_is_absent(&mut self, reader: &Reader, role: Role, entity: &str, unreadable: bool) {
        let state = if unreadable { Absence::Unreadable } else { Absence::Absent };
        for fact in reader.facts {
            let known = term_of(fact)
                .is_some_and(|term| !term.roles.contains(&role) || self.record.states(entity, term));
            if !known {
                self.scribe(reader.name, entity).not_known(Some(entity), fact, state);
            }
        }
    }
}

/// The digest of one file, or the `dirHash` of a tree.
fn digest_of(manifest: &Manifest) -> String {
    match (manifest.kind(), manifest.files()) {
        (Kind::File, [file]) => file.digests.sha256.to_string(),
        _ => manifest.dir_hash().to_string(),
    }
}

fn flag_of(folder: &Folder) -> &'static str {
    match folder.role {
        Role::BaseModel => "--base",
        Role::Adapter if folder.root != evidence::MODEL => "--adapter",
        Role::Adapter | Role::Model => "--model",
        _ => "--dataset",
    }
}
