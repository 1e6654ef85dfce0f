namespace Quota.Silo.Journal;

/// <summary>What a frame is for. Persisted, APPEND-ONLY; golden test: JournalGoldenTests.</summary>
internal enum FrameKind : ushort
{
    /// <summary>Holds records.</summary>
    Records = 1,

    /// <summary>No payload: a process began to write here; the log before ends where this frame says.</summary>
    Opening = 2,

    /// <summary>No payload: a process ended here in an orderly way.</summary>
    Closing = 3,
}
