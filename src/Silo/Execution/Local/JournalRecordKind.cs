namespace Quota.Silo.Execution.Local;

/// <summary>First byte of a journal record. APPEND-ONLY.</summary>
internal enum JournalRecordKind : byte
{
    /// <summary>An accepted decision in requests, without usage: <see cref="CounterRecord"/>. Read only.</summary>
    Counters = 1,

    /// <summary>A counter layout, before the first record that names it: the kind byte, then the layout's persisted form.</summary>
    Layout = 2,

    /// <summary>An accepted decision: <see cref="DecisionRecord"/>.</summary>
    Decision = 3,

    /// <summary>Blocks as they are from now on: <see cref="ImageRecord"/>.</summary>
    Images = 4,
}
