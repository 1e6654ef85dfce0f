namespace Quota.Silo.Definitions;

/// <summary>Why a change or a look at definitions was refused.</summary>
public enum DefinitionErrorCode
{
    /// <summary>A bound or a rule: see the error's field.</summary>
    Invalid,

    NotFound,

    AlreadyExists,

    /// <summary>The etag is not the current one.</summary>
    Stale,

    /// <summary>Others still use it.</summary>
    InUse,

    /// <summary>The configuration file manages it.</summary>
    FileManaged,

    /// <summary>The store could not be read or written; nothing has changed.</summary>
    Unavailable,
}
