//! Record types and the stage trait of annals.
//!
//! This is all that a stage depends on, built in or loaded at run time: what flows ([`record`]), its vocabularies
//! ([`label`]), what a stage is ([`stage`]), and how to test one ([`testing`]). It knows nothing of files, threads or
//! output formats.

pub mod abi;
pub mod arrow;
pub mod door;
pub mod error;
pub mod export;
pub mod label;
pub mod record;
pub mod stage;
pub mod testing;

pub use error::{ConfigError, StageError};
pub use jiff::civil::Date;
pub use label::{
    CopyKind, EventType, Grading, Modality, Outcome, PublishedBasis, Qualifier, Scope, SourceKind, Status,
    Victims,
};
pub use record::{Actor, Article, Claim, Incident, Place, Rejected, Removed, Source, When};
pub use stage::{
    AnyArticleStage, AnyCorpusStage, ArticleStage, Batch, Context, CorpusStage, Definition, Emit, Findings,
    Partials, Pass, Stage, Visit,
};
