using Quota.Contracts;

namespace Quota.Silo.Import;

/// <summary>Collects the remarks of one import, up to a bound, and counts the rest.</summary>
internal sealed class ImportRemarks
{
    private readonly List<(int File, ImportRemark Remark)> _remarks = [];
    private int _files;

    /// <summary>Errors so far, including those beyond the bound.</summary>
    public int Errors { get; private set; }

    /// <summary>Notes so far, including those beyond the bound.</summary>
    public int Notes { get; private set; }

    /// <summary>The remarks of one more file.</summary>
    public FileRemarks ForFile(string name) => new(this, name, _files++);

    /// <summary>The remarks by file, and within it by line; those of one line in the order in which they were made.</summary>
    public IReadOnlyList<ImportRemark> ToList()
    {
        List<ImportRemark> sorted = [.. _remarks.OrderBy(r => r.File).ThenBy(r => r.Remark.Line).Select(r => r.Remark)];
        if (Errors + Notes > sorted.Count)
        {
            sorted.Add(new ImportRemark("quota", 0, "", $"{Errors + Notes - sorted.Count} more remarks are not shown", false));
        }
        return sorted;
    }

    internal void Add(int file, ImportRemark remark)
    {
        if (remark.IsError)
        {
            Errors++;
        }
        else
        {
            Notes++;
        }
        // Errors decide whether anything is written, so notes leave room for them.
        if (_remarks.Count < (remark.IsError ? Bounds.ImportRemarksMax + Bounds.ConfigErrorsMax : Bounds.ImportRemarksMax))
        {
            _remarks.Add((file, remark));
        }
    }
}
