using Quota.Silo.Protocols.Usage;

namespace Quota.Silo.Export;

/// <summary>What an export that broke off has: everything up to <see cref="EndOffset"/> is whole.</summary>
internal sealed class PartialExport
{
    /// <summary>Null if it broke off before its header was whole.</summary>
    public ExportHeader? Header { get; set; }

    /// <summary>Totals of the keys that are whole.</summary>
    public UsageTotals Totals { get; private set; } = new();

    /// <summary>The last key that is whole; empty if none is.</summary>
    public string LastKey { get; set; } = "";

    /// <summary>Bytes that are kept.</summary>
    public long EndOffset { get; set; }

    /// <summary>Bytes of the header and what precedes it.</summary>
    public long HeaderEnd { get; set; }

    /// <summary>
    /// The empty key is the namespace as a whole and the first there is, so a stream cannot begin after it: an export with
    /// nothing but it is begun anew.
    /// </summary>
    public void DropEmptyKey()
    {
        if (LastKey.Length == 0 && Totals.Keys > 0 && !IsComplete)
        {
            Totals = new UsageTotals();
            EndOffset = HeaderEnd;
        }
    }

    /// <summary>Whether the totals are in it: nothing is missing.</summary>
    public bool IsComplete { get; set; }

    /// <summary>What is in it that no export has; null if there is nothing of the kind.</summary>
    public string? Problem { get; set; }
}
