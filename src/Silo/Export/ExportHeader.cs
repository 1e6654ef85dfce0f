namespace Quota.Silo.Export;

/// <summary>What an export is of: its first record, and what has to be the same for an export to be resumed.</summary>
/// <param name="SchemaVersion">Version of its records.</param>
/// <param name="Namespace">The namespace.</param>
/// <param name="Month">As 2026-10.</param>
/// <param name="AsOfUnixMs">Everything counted until then is in it; a resumed export has rows of later readings as well.</param>
/// <param name="Labels">The filter, as <see cref="LabelText"/>.</param>
/// <param name="Daily">Whether it has the series of days.</param>
internal sealed record ExportHeader(int SchemaVersion, string Namespace, string Month, long AsOfUnixMs, string Labels, bool Daily)
{
    /// <summary>What <paramref name="wanted"/> asks for that this export is not; null if it can be gone on with.</summary>
    public string? Difference(ExportHeader wanted) =>
        SchemaVersion != wanted.SchemaVersion ? $"has schema version {SchemaVersion}, this build writes {wanted.SchemaVersion}"
        : Namespace != wanted.Namespace ? $"is of namespace {Namespace}"
        : wanted.Month.Length > 0 && Month != wanted.Month ? $"is of {Month}"
        : Labels != wanted.Labels ? Labels.Length > 0 ? $"is of keys labelled {Labels}" : "is of all keys"
        : Daily != wanted.Daily ? Daily ? "has the days" : "has no days"
        : null;
}
