//! Who may be called genuine: the trust bundle, certificate chains and evidence appraisal of the factory PKI.
//!
//! Nothing here talks to a network or a device, and nothing here decides that a device is *the person's*: genuine is not "mine".
#![forbid(unsafe_code)]

pub mod appraise;
pub mod bundle;
mod certificate;
mod es256;
#[cfg(feature = "issue")]
pub mod issue;
pub mod leaf;
pub mod signed;

pub use appraise::{Assurance, Origin, Refusal, Verdict};
pub use bundle::{
    Bundle, BundleContents, BundleError, DevelopmentPolicy, Line, Model, ModelPolicy,
};
pub use certificate::{CertificateError, claimed_key};
pub use leaf::{LeafCache, LeafError, VerifiedLeaf, thumbprint};

pub use touchstone_proto::evidence::{Appraiser, Ueid};
