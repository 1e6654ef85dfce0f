using System.Text;
using Quota.Contracts.V1;
using Quota.Silo.Protocols.Usage;

namespace Quota.Silo.Export;

/// <summary>
/// Writes one export: 1. what a partial file has is read and checked; 2. rows come from the silo and are written; 3. the rows that
/// came are compared with the silo's own totals; 4. the control totals of the whole are written; 5. the partial file takes the
/// name of the file. Whatever ends it before leaves a partial file that <c>--resume</c> goes on with. Not thread-safe.
/// </summary>
/// <param name="options">What, and where to.</param>
/// <param name="console">Standard output, if there is no file.</param>
/// <param name="progress">Told of every key that was written.</param>
internal sealed class UsageExporter(ExportOptions options, TextWriter console, Action<long> progress)
{
    /// <summary>What follows the file's name until the export is complete.</summary>
    public const string PartialSuffix = ".partial";

    private readonly UsageTotals _stream = new();
    private PartialExport _partial = new();
    private ExportHeader? _header;
    private UsageTotals _whole = new();
    private UsageTrailer? _trailer;

    /// <summary>Keys in the export.</summary>
    public long Keys => _whole.Keys;

    /// <returns>Null, or why there is no complete export.</returns>
    public async Task<string?> RunAsync(CancellationToken cancellation)
    {
        if (options.File is null)
        {
            return await WriteAsync(console, cancellation).ConfigureAwait(false);
        }
        string partialFile = options.File + PartialSuffix;
        try
        {
            using FileStream file = new(partialFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            if (Open(file, partialFile) is { } refusal)
            {
                return refusal;
            }
            string? problem;
            using (StreamWriter writer = new(file, new UTF8Encoding(false), 64 * 1024, leaveOpen: true))
            {
                problem = _partial.IsComplete ? null : await WriteAsync(writer, cancellation).ConfigureAwait(false);
            }
            if (problem is not null)
            {
                return $"{problem}\n{partialFile} has what came; --resume goes on with it";
            }
            file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{partialFile}: {e.Message}";
        }
        return Rename(partialFile);
    }

    private string? Rename(string partialFile)
    {
        try
        {
            File.Move(partialFile, options.File!, overwrite: true);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{partialFile} is complete, but cannot be renamed: {e.Message}";
        }
    }

    /// <summary>Reads what the partial file has, and cuts off what is not whole.</summary>
    private string? Open(FileStream file, string name)
    {
        if (file.Length > 0 && !options.Resume)
        {
            return $"{name} exists: --resume goes on with it; remove it to begin anew";
        }
        _partial = options.Format.ReadPartial(file);
        string? problem = _partial.Problem ?? _partial.Header?.Difference(options.Wanted);
        if (problem is not null)
        {
            return $"{name}: {problem}";
        }
        if (!_partial.IsComplete)
        {
            file.SetLength(_partial.EndOffset);
        }
        file.Position = file.Length;
        _header = _partial.Header;
        _whole = _partial.Totals;
        return null;
    }

    private async Task<string?> WriteAsync(TextWriter output, CancellationToken cancellation)
    {
        using var client = new UsageHttpClient(options.Server);
        string? problem;
        try
        {
            problem = await client.StreamAsync(options, _header?.Month ?? options.Month, _partial.LastKey, row => Take(output, row), cancellation).ConfigureAwait(false);
        }
        finally
        {
            await output.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
        if (problem is not null)
        {
            return problem;
        }
        if (_trailer is null || _header is null)
        {
            return "the silo's answer ended before its totals";
        }
        UsageTrailer came = _stream.Trailer(_trailer.Sealed);
        if (_trailer.Keys != came.Keys || !_trailer.Totals.Equals(came.Totals))
        {
            return $"the silo's totals are not those of the {came.Keys} rows that came";
        }
        options.Format.WriteTotals(output, _header, _whole.Trailer(_trailer.Sealed));
        await output.FlushAsync(cancellation).ConfigureAwait(false);
        return null;
    }

    private void Take(TextWriter output, UsageRow row)
    {
        switch (row.RowCase)
        {
            case UsageRow.RowOneofCase.Header when _header is null:
                _header = options.Wanted with { SchemaVersion = row.Header.SchemaVersion, Month = row.Header.Month, AsOfUnixMs = row.Header.AsOfUnixMs };
                options.Format.WriteHeader(output, _header);
                break;
            case UsageRow.RowOneofCase.Key when _header is not null:
                _stream.Add(row.Key);
                _whole.Add(row.Key);
                options.Format.WriteKey(output, _header, row.Key);
                progress(_whole.Keys);
                break;
            case UsageRow.RowOneofCase.Trailer:
                _trailer = row.Trailer;
                break;
            default:
                break;
        }
    }
}
