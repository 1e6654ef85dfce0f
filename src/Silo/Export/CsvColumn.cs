namespace Quota.Silo.Export;

/// <summary>The columns of a CSV export in their order, named as in its first line. APPEND-ONLY (golden test: ExportGoldenTests).</summary>
internal enum CsvColumn
{
    Record,
    SchemaVersion,
    Namespace,
    Month,
    Key,
    Parent,
    Labels,
    Unit,
    Day,
    Used,
    RolledUp,
    Refunded,
    RolledUpRefunded,
    Adjusted,
    Billable,
    Denied,
    WouldDeny,
    Reserved,
    State,
    Start,
    End,
    TimeZone,
    AsOf,
    AdjustmentId,
    AdjustmentReason,
    AdjustmentAuthor,
    AdjustmentAt,
    Keys,
}
