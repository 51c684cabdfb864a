//! The trust bundle: which roots, lines, models and revocations a vendor's app believes.

use std::collections::{BTreeMap, BTreeSet};

use rustls_pki_types::{CertificateDer, TrustAnchor};
use x509_cert::der::asn1::ObjectIdentifier;

use touchstone_proto::{evidence::FirmwareVersion, record::Level};

use crate::{
    Ueid,
    certificate::{CertificateError, Parsed},
};

/// What a bundle says, before any of it was checked. [`Bundle::new`] checks it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleContents {
    /// Counts up with every bundle the vendor publishes; a lower one never replaces a higher one.
    pub sequence: u64,
    /// When a newer bundle should have been fetched, in seconds since 1970.
    pub not_after: u64,
    /// The extended key usage every line CA and leaf must carry, as a dotted object identifier.
    pub purpose: String,
    /// Self-signed production roots, DER.
    pub roots: Vec<Vec<u8>>,
    /// Self-signed development roots, DER; what hangs under them is refused or announced, see [`DevelopmentPolicy`].
    pub development_roots: Vec<Vec<u8>>,
    /// The line CAs under any of the roots.
    pub lines: Vec<Line>,
    /// Devices that are no longer believed, whatever their certificate's serial number.
    pub revoked_ueids: Vec<Ueid>,
    /// The models that exist.
    pub models: Vec<Model>,
}

/// One line CA and what it may vouch for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The CA certificate, DER.
    pub certificate: Vec<u8>,
    /// Model classes made on this line; evidence of another model is refused.
    pub models: Vec<u16>,
    /// Serial numbers of this CA's leaves that are no longer believed, big-endian; leading zeros do not count.
    pub revoked_serials: Vec<Vec<u8>>,
}

/// One product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The model class of the evidence and of the advertisement.
    pub class: u16,
    /// The product's name per language (BCP 47, lower-case), `en` always among them.
    pub names: BTreeMap<String, String>,
    /// What its devices must show.
    pub policy: ModelPolicy,
}

/// What a model's devices must show before credentials may go to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelPolicy {
    /// The least assurance level of the touch.
    pub minimum_level: Level,
    /// The oldest firmware that is not asked to be updated first.
    pub minimum_firmware: FirmwareVersion,
    /// Whether a device that can neither sound, shine nor vibrate is acceptable.
    pub allowed_without_actuators: bool,
}

impl Default for ModelPolicy {
    fn default() -> Self {
        Self {
            minimum_level: Level::L1,
            minimum_firmware: FirmwareVersion {
                major: 0,
                minor: 0,
                patch: 0,
            },
            allowed_without_actuators: false,
        }
    }
}

/// What happens to devices under a development root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DevelopmentPolicy {
    /// They are refused.
    Refuse,
    /// They are accepted, and the verdict says so: the person must be told.
    Announce,
}

impl Default for DevelopmentPolicy {
    /// Release builds refuse, debug builds announce.
    fn default() -> Self {
        if cfg!(debug_assertions) {
            Self::Announce
        } else {
            Self::Refuse
        }
    }
}

/// Why a bundle cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The source has no bundle; in its words, for reports.
    #[error("no trust bundle at hand: {0}")]
    Unavailable(String),
    /// The bundle is not in the format of a signed bundle.
    #[error("the trust bundle is malformed")]
    Malformed,
    /// The bundle's signature is not the vendor's.
    #[error("the trust bundle's signature is wrong")]
    Signature,
    /// The bundle is older than one that was already believed.
    #[error("the trust bundle is number {found}, older than number {known}")]
    RolledBack {
        /// Sequence number of the refused bundle.
        found: u64,
        /// Sequence number already believed.
        known: u64,
    },
    /// The purpose is not an object identifier.
    #[error("the purpose is not an object identifier")]
    Purpose,
    /// There is no root at all.
    #[error("the trust bundle has no root")]
    NoRoots,
    /// A root is not a trust anchor of the profile.
    #[error("root {index}: {reason}")]
    Root {
        /// Position, production roots first.
        index: usize,
        /// What is wrong with it.
        reason: CertificateError,
    },
    /// A root did not sign itself.
    #[error("root {index} is not self-signed")]
    RootNotSelfSigned {
        /// Position, production roots first.
        index: usize,
    },
    /// One certificate or key is a production and a development root, or listed twice.
    #[error("root {index} is listed twice")]
    RootTwice {
        /// Position, production roots first.
        index: usize,
    },
    /// A line CA is not one of the profile.
    #[error("line {index}: {reason}")]
    Line {
        /// Position in the list of lines.
        index: usize,
        /// What is wrong with it.
        reason: CertificateError,
    },
    /// A line CA was not issued by any root of this bundle.
    #[error("line {index} is not issued by a root of this bundle")]
    LineUnderNoRoot {
        /// Position in the list of lines.
        index: usize,
    },
    /// A line makes a model the bundle does not describe.
    #[error("line {index} makes model {class:#06x}, which the bundle does not describe")]
    LineModel {
        /// Position in the list of lines.
        index: usize,
        /// The model class.
        class: u16,
    },
    /// A model is described twice, or has no usable English name.
    #[error("model {class:#06x} is described badly")]
    Model {
        /// The model class.
        class: u16,
    },
}

/// A checked trust bundle.
#[derive(Clone)]
pub struct Bundle {
    pub(crate) sequence: u64,
    not_after: u64,
    pub(crate) purpose: ObjectIdentifier,
    pub(crate) lines: Vec<TrustedLine>,
    pub(crate) revoked_ueids: BTreeSet<Ueid>,
    models: BTreeMap<u16, Model>,
    pub(crate) development: DevelopmentPolicy,
}

/// A line CA together with the one root it hangs under.
#[derive(Clone)]
pub(crate) struct TrustedLine {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) parsed: Parsed,
    pub(crate) anchor: TrustAnchor<'static>,
    pub(crate) development: bool,
    pub(crate) models: Vec<u16>,
    pub(crate) revoked_serials: BTreeSet<Vec<u8>>,
}

struct Root {
    parsed: Parsed,
    anchor: TrustAnchor<'static>,
    development: bool,
}

impl Bundle {
    /// Checks every certificate and every cross-reference once, so that verification meets nothing malformed later.
    ///
    /// Dates of roots and line CAs are not compared with any clock: a leaf is judged at its own time of issue.
    ///
    /// # Errors
    /// The first thing found wrong, as a [`BundleError`].
    pub fn new(contents: BundleContents) -> Result<Self, BundleError> {
        let purpose = ObjectIdentifier::new(&contents.purpose).map_err(|_| BundleError::Purpose)?;
        let models = models(contents.models)?;
        let roots = roots(contents.roots, contents.development_roots)?;
        let lines = contents
            .lines
            .into_iter()
            .enumerate()
            .map(|(index, line)| trusted_line(index, line, &roots, &purpose, &models))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            sequence: contents.sequence,
            not_after: contents.not_after,
            purpose,
            lines,
            revoked_ueids: contents.revoked_ueids.into_iter().collect(),
            models,
            development: DevelopmentPolicy::default(),
        })
    }

    /// The same bundle with another rule for development devices; the app decides this, never the bundle itself.
    #[must_use]
    pub fn with_development_policy(mut self, policy: DevelopmentPolicy) -> Self {
        self.development = policy;
        self
    }

    /// Which bundle this is; higher is newer.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When a newer bundle should have been fetched, in seconds since 1970. A phone's clock lies: this is a reason to ask, not to refuse.
    pub fn not_after(&self) -> u64 {
        self.not_after
    }

    /// Refuses this bundle when a newer one has been believed before.
    ///
    /// # Errors
    /// [`BundleError::RolledBack`].
    pub fn at_least(self, known_sequence: u64) -> Result<Self, BundleError> {
        if self.sequence < known_sequence {
            return Err(BundleError::RolledBack {
                found: self.sequence,
                known: known_sequence,
            });
        }
        Ok(self)
    }

    /// The model of a class, if the vendor makes it.
    pub fn model(&self, class: u16) -> Option<&Model> {
        self.models.get(&class)
    }
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle")
            .field("sequence", &self.sequence)
            .field("lines", &self.lines.len())
            .field("models", &self.models.len())
            .field("development", &self.development)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// The product's name in the best language there is: the asked one, its primary subtag, else English.
    pub fn name(&self, language: &str) -> &str {
        let language = language.to_ascii_lowercase().replace('_', "-");
        let primary = language.split('-').next().unwrap_or_default();
        [language.as_str(), primary, "en"]
            .iter()
            .find_map(|tag| self.names.get(*tag))
            .map_or("", String::as_str)
    }

    fn is_well_described(&self) -> bool {
        let spoken = |name: &String| {
            !name.trim().is_empty()
                && name.chars().count() <= 64
                && !name.chars().any(char::is_control)
        };
        self.names.contains_key("en") && self.names.values().all(spoken)
    }
}

fn models(list: Vec<Model>) -> Result<BTreeMap<u16, Model>, BundleError> {
    let mut models = BTreeMap::new();
    for model in list {
        let class = model.class;
        if !model.is_well_described() || models.insert(class, model).is_some() {
            return Err(BundleError::Model { class });
        }
    }
    Ok(models)
}

fn roots(production: Vec<Vec<u8>>, development: Vec<Vec<u8>>) -> Result<Vec<Root>, BundleError> {
    let listed = production
        .into_iter()
        .map(|der| (der, false))
        .chain(development.into_iter().map(|der| (der, true)));
    let mut roots: Vec<Root> = Vec::new();
    for (index, (der, development)) in listed.enumerate() {
        let parsed = Parsed::from_der(&der)
            .and_then(|parsed| parsed.check_root().map(|()| parsed))
            .map_err(|reason| BundleError::Root { index, reason })?;
        if !parsed.is_issued_by(&parsed) {
            return Err(BundleError::RootNotSelfSigned { index });
        }
        if roots.iter().any(|other| other.parsed.key == parsed.key) {
            return Err(BundleError::RootTwice { index });
        }
        let der = CertificateDer::from(der);
        let anchor = webpki::anchor_from_trusted_cert(&der)
            .map_err(|_| BundleError::Root {
                index,
                reason: CertificateError::Encoding,
            })?
            .to_owned();
        roots.push(Root {
            parsed,
            anchor,
            development,
        });
    }
    if roots.is_empty() {
        return Err(BundleError::NoRoots);
    }
    Ok(roots)
}

fn trusted_line(
    index: usize,
    line: Line,
    roots: &[Root],
    purpose: &ObjectIdentifier,
    models: &BTreeMap<u16, Model>,
) -> Result<TrustedLine, BundleError> {
    let parsed = Parsed::from_der(&line.certificate)
        .and_then(|parsed| parsed.check_line(purpose).map(|()| parsed))
        .map_err(|reason| BundleError::Line { index, reason })?;
    let root = roots
        .iter()
        .find(|root| parsed.is_issued_by(&root.parsed))
        .ok_or(BundleError::LineUnderNoRoot { index })?;
    if let Some(class) = line.models.iter().find(|class| !models.contains_key(class)) {
        return Err(BundleError::LineModel {
            index,
            class: *class,
        });
    }
    Ok(TrustedLine {
        certificate: CertificateDer::from(line.certificate),
        parsed,
        anchor: root.anchor.clone(),
        development: root.development,
        models: line.models,
        revoked_serials: line
            .revoked_serials
            .iter()
            .map(|serial| without_leading_zeros(serial).to_vec())
            .collect(),
    })
}

pub(crate) fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let start = number
        .iter()
        .position(|octet| *octet != 0)
        .unwrap_or(number.len());
    &number[start..]
}
