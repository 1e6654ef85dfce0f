using Quota.Contracts.V1;

namespace Quota.Silo.Export;

/// <summary>A format of exports. Stateless.</summary>
internal interface IUsageFormat
{
    /// <summary>The first record, and whatever precedes it.</summary>
    void WriteHeader(TextWriter output, ExportHeader header);

    /// <summary>One key's records.</summary>
    void WriteKey(TextWriter output, ExportHeader header, KeyUsage usage);

    /// <summary>The last records: the control totals of the whole export.</summary>
    void WriteTotals(TextWriter output, ExportHeader header, UsageTrailer trailer);

    /// <summary>Reads what an export that broke off has.</summary>
    PartialExport ReadPartial(Stream input);
}
