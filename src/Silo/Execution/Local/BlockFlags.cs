namespace Quota.Silo.Execution.Local;

[Flags]
internal enum BlockFlags : byte
{
    None = 0,

    /// <summary>Counted on since it was last handed to a checkpoint; it is on the shard's dirty list.</summary>
    Dirty = 1,

    /// <summary>Handed to a checkpoint whose save has not completed.</summary>
    Saving = 2,

    /// <summary>The journal already holds the block's bytes as of some instant since it was last handed to a checkpoint.</summary>
    Imaged = 4,

    /// <summary>A request id or reservation: it stays in memory until it may be forgotten, which is what its last touch says.</summary>
    Pinned = 8,

    /// <summary>Counted on or written since it was last handed to a checkpoint; otherwise at most refusals were noted, or its layout was changed.</summary>
    Counted = 16,

    /// <summary>Of a leased block: its lease was to be renewed before its end; that is tried once, and again after it has succeeded.</summary>
    Renewing = 32,
}
