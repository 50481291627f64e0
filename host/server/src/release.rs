//! A release as a file: components with their signatures, as an OCI image layout in one tar archive.
//!
//! Any tool of that format can look at it and move it. Each component is an image whose layers are the component and the
//! envelopes that sign it. The same releases make the same bytes.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component as Part, Path};

use anyhow::Context as _;
use oci_spec::image::{
    Descriptor, DescriptorBuilder, ImageIndex, ImageIndexBuilder, ImageManifest, ImageManifestBuilder, MediaType,
    OciLayoutBuilder, Sha256Digest,
};
use paratope_runtime::digest;
use serde_json::json;

use crate::authoring::{Manifest, section};

const COMPONENT: &str = "application/wasm";
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const INDEX: &str = "index.json";
const LAYOUT: &str = "oci-layout";
const BLOBS: &str = "blobs/sha256/";

/// Bytes of an archive, at most: some hundred plugins.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// Files in an archive, at most.
const MAX_FILES: usize = 10_000;

/// A component and what signs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The component's bytes.
    pub component: Vec<u8>,
    /// DSSE envelopes over it.
    pub envelopes: Vec<Vec<u8>>,
}

/// The files of a layout by path.
type Files = BTreeMap<String, Vec<u8>>;

/// Writes releases as one archive.
pub fn pack(releases: &[Release]) -> anyhow::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in layout(releases)? {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive.append_data(&mut header, path, bytes.as_slice())?;
    }
    Ok(archive.into_inner()?)
}

/// Reads the releases of an archive. What is not what its digest says is refused.
pub fn unpack(archive: &[u8]) -> anyhow::Result<Vec<Release>> {
    anyhow::ensure!(archive.len() <= MAX_BYTES, "the archive has more than {MAX_BYTES} bytes");
    let mut files = Files::new();
    for entry in tar::Archive::new(archive).entries().context("it is no tar archive")? {
        let mut entry = entry.context("it is no tar archive, or it is cut short")?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = plain(&entry.path()?).context("it holds a path that leads out of it")?;
        anyhow::ensure!(files.len() < MAX_FILES, "it holds more than {MAX_FILES} files");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).context("it is cut short")?;
        files.insert(path, bytes);
    }
    read(&files)
}

/// Writes releases as a folder.
pub fn write_folder(releases: &[Release], folder: &Path) -> anyhow::Result<()> {
    for (path, bytes) in layout(releases)? {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).with_context(|| format!("failed to make `{}`", parent.display()))?;
        std::fs::write(&path, bytes).with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    Ok(())
}

/// Reads the releases of a folder.
pub fn read_folder(folder: &Path) -> anyhow::Result<Vec<Release>> {
    let mut files = Files::new();
    let mut read_file = |path: String| -> anyhow::Result<()> {
        let shown = folder.join(&path);
        let bytes = std::fs::read(&shown).with_context(|| format!("failed to read `{}`", shown.display()))?;
        files.insert(path, bytes);
        Ok(())
    };
    read_file(LAYOUT.to_owned())?;
    read_file(INDEX.to_owned())?;
    let blobs = folder.join(BLOBS);
    for entry in std::fs::read_dir(&blobs).with_context(|| format!("failed to read `{}`", blobs.display()))? {
        let name = entry?.file_name();
        read_file(format!("{BLOBS}{}", name.to_string_lossy()))?;
    }
    read(&files)
}

/// A path of an archive with forward slashes. `None` when it is absolute or climbs.
fn plain(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Part::Normal(part) => parts.push(part.to_str()?),
            Part::CurDir => {}
            Part::RootDir | Part::ParentDir | Part::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

fn layout(releases: &[Release]) -> anyhow::Result<Files> {
    let mut files = Files::new();
    let mut manifests = Vec::with_capacity(releases.len());
    for release in releases {
        let manifest = section::manifest(&release.component)?.context("the component carries no manifest")?;
        manifests.push(image(&mut files, release, &manifest)?);
    }
    let index = ImageIndexBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageIndex)
        .manifests(manifests)
        .build()?;
    files.insert(INDEX.to_owned(), serde_json::to_vec(&index)?);
    let version = OciLayoutBuilder::default().image_layout_version("1.0.0").build()?;
    files.insert(LAYOUT.to_owned(), serde_json::to_vec(&version)?);
    Ok(files)
}

/// Adds one release and returns what describes it.
fn image(files: &mut Files, release: &Release, manifest: &Manifest) -> anyhow::Result<Descriptor> {
    let Manifest { name, version, publisher, description, .. } = manifest;
    let component = blob(files, COMPONENT, &release.component)?.build()?;
    let config = json!({
        "architecture": "wasm", "os": "wasip2", "layerDigests": [component.digest().to_string()],
    });
    let config = blob(files, CONFIG, config.to_string().as_bytes())?.build()?;
    let mut layers = vec![component];
    for envelope in &release.envelopes {
        layers.push(blob(files, ENVELOPE, envelope)?.build()?);
    }
    let annotations = [("title", name), ("version", version), ("vendor", publisher), ("description", description)]
        .map(|(key, value)| (format!("org.opencontainers.image.{key}"), value.clone()));
    let image = ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .config(config)
        .layers(layers)
        .annotations(BTreeMap::from(annotations).into_iter().collect::<std::collections::HashMap<_, _>>())
        .build()?;
    // Through a sorted map, so that the same release has the same bytes.
    let image = serde_json::to_vec(&sorted(serde_json::to_value(&image)?))?;
    // A tag has no plus sign.
    let tag = format!("{name}-{}", version.replace('+', "_"));
    let reference = [("org.opencontainers.image.ref.name".to_owned(), tag)];
    let descriptor = blob(files, MediaType::ImageManifest.as_ref(), &image)?;
    Ok(descriptor.annotations(std::collections::HashMap::from(reference)).build()?)
}

/// A value whose tables are in the order of their keys.
fn sorted(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(entries) => {
            let entries: BTreeMap<_, _> = entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.into_iter().collect()
        }
        other => other,
    }
}

fn blob(files: &mut Files, kind: &str, bytes: &[u8]) -> anyhow::Result<DescriptorBuilder> {
    let digest = digest(bytes);
    let hex = digest.trim_start_matches("sha256:");
    files.insert(format!("{BLOBS}{hex}"), bytes.to_vec());
    let digest: Sha256Digest = hex.parse()?;
    Ok(DescriptorBuilder::default().media_type(kind).digest(digest).size(bytes.len() as u64))
}

fn read(files: &Files) -> anyhow::Result<Vec<Release>> {
    anyhow::ensure!(files.contains_key(LAYOUT), "it is no OCI image layout: it holds no `{LAYOUT}`");
    let index = files.get(INDEX).with_context(|| format!("it is no OCI image layout: it holds no `{INDEX}`"))?;
    let index: ImageIndex = serde_json::from_slice(index).with_context(|| format!("its `{INDEX}` cannot be read"))?;
    let releases: Vec<Release> =
        index.manifests().iter().map(|described| release(files, described)).collect::<anyhow::Result<_>>()?;
    anyhow::ensure!(!releases.is_empty(), "it holds no image");
    Ok(releases)
}

fn release(files: &Files, described: &Descriptor) -> anyhow::Result<Release> {
    let image: ImageManifest =
        serde_json::from_slice(found(files, described)?).context("an image's manifest cannot be read")?;
    let (mut components, mut envelopes) = (Vec::new(), Vec::new());
    for layer in image.layers() {
        match layer.media_type().to_string().as_str() {
            COMPONENT => components.push(found(files, layer)?.clone()),
            ENVELOPE => envelopes.push(found(files, layer)?.clone()),
            other => anyhow::bail!("an image has a layer `{other}`, which is neither a component nor a signature"),
        }
    }
    let [component] = <[Vec<u8>; 1]>::try_from(components)
        .map_err(|components| anyhow::anyhow!("an image holds {} components, not one", components.len()))?;
    Ok(Release { component, envelopes })
}

/// The bytes that are described, if they are those.
fn found<'a>(files: &'a Files, described: &Descriptor) -> anyhow::Result<&'a Vec<u8>> {
    let wanted = described.digest().to_string();
    let path = format!("{BLOBS}{}", wanted.trim_start_matches("sha256:"));
    let bytes = files.get(&path).with_context(|| format!("it does not hold {wanted}"))?;
    anyhow::ensure!(digest(bytes) == wanted, "what it holds as {wanted} is something else");
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn releases() -> Vec<Release> {
        ["1.0.0", "1.1.0+bundled.1"]
            .map(|version| {
                let text = format!(
                    "name = \"aetna\"\nkind = \"payer\"\nversion = \"{version}\"\ncontract = \"0.1\"\n\
                     publisher = \"p\"\ndescription = \"d\"\nengine = \"policy\"\n"
                );
                let mut component = b"\0asm\x0d\0\x01\0".to_vec();
                section::append(&mut component, &Manifest::parse(&text).unwrap(), &BTreeMap::new());
                Release { component, envelopes: vec![b"{\"one\":1}".to_vec(), b"{\"two\":2}".to_vec()] }
            })
            .to_vec()
    }

    #[test]
    fn releases_read_back_from_archive_and_folder() {
        let archive = pack(&releases()).unwrap();
        assert_eq!(archive, pack(&releases()).unwrap());
        assert_eq!(unpack(&archive).unwrap(), releases());
        let folder = tempfile::tempdir().unwrap();
        write_folder(&releases(), folder.path()).unwrap();
        assert_eq!(read_folder(folder.path()).unwrap(), releases());
    }

    #[test]
    fn what_was_changed_on_the_way_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        write_folder(&releases(), folder.path()).unwrap();
        let one = digest(&releases()[0].component);
        let path = folder.path().join(BLOBS).join(one.trim_start_matches("sha256:"));
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(read_folder(folder.path()).unwrap_err().to_string().contains("is something else"));
        std::fs::remove_file(&path).unwrap();
        assert!(read_folder(folder.path()).unwrap_err().to_string().contains("does not hold"));
        let archive = pack(&releases()).unwrap();
        for cut in [0, 100, archive.len() / 2] {
            assert!(unpack(&archive[..cut]).is_err(), "{cut}");
        }
        assert!(unpack(b"no archive").is_err());
    }

    #[test]
    fn paths_stay_inside() {
        assert_eq!(plain(Path::new("./blobs/sha256/0")).unwrap(), "blobs/sha256/0");
        assert!(plain(Path::new("../x")).is_none() && plain(Path::new("/x")).is_none());
    }
}
