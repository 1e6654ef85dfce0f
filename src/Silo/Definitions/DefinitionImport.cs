using System.Diagnostics;
using Quota.Contracts;
using Quota.Contracts.V1;

namespace Quota.Silo.Definitions;

/// <summary>
/// One import: collects its lines, each checked by itself as it comes, then has all of them checked together and made. What is
/// held meanwhile is bounded by <see cref="Bounds.ImportBytesMax"/>. Used by one flow.
/// </summary>
internal sealed class DefinitionImport
{
    private readonly DefinitionService _service;
    private readonly ChangeRequest _request;
    private readonly Func<ImportProgress, ValueTask> _report;
    private readonly List<PendingChange> _changes = [];
    private readonly ImportProgress _progress = new();
    private long _lastReport = Stopwatch.GetTimestamp();
    private long _listed;
    private long _bytes;
    private int _refusedSeen;

    /// <param name="service">Makes the changes.</param>
    /// <param name="request">On whose behalf, and how.</param>
    /// <param name="report">Called about once a second with what has happened so far; the message is used again afterwards.</param>
    public DefinitionImport(DefinitionService service, ChangeRequest request, Func<ImportProgress, ValueTask> report)
    {
        _service = service;
        _request = request;
        _report = report;
    }

    /// <summary>Lines so far, those that say nothing included.</summary>
    public long Lines => _progress.Lines;

    /// <summary>Takes the next line.</summary>
    /// <returns>Why the import cannot go on, or null.</returns>
    public async ValueTask<DefinitionError?> AddAsync(Definition definition, CancellationToken cancellation)
    {
        PendingChange change = await _service.ReadAsync(definition, ++_progress.Lines, cancellation).ConfigureAwait(false);
        return await TakeAsync(change).ConfigureAwait(false);
    }

    /// <summary>Takes a line that is no definition.</summary>
    public ValueTask<DefinitionError?> AddMalformedAsync(string field, string message)
    {
        var change = new PendingChange(default) { Line = ++_progress.Lines };
        change.Refuse(DefinitionErrorCode.Invalid, field, message);
        return TakeAsync(change);
    }

    /// <summary>Takes a line that says nothing; it counts, so that later ones keep their numbers.</summary>
    public void AddBlank() => _progress.Lines++;

    /// <summary>Makes the changes and reports the end.</summary>
    /// <returns>Why not all of them could be made, or null; refused lines are in the report.</returns>
    public async ValueTask<DefinitionError?> FinishAsync(CancellationToken cancellation)
    {
        ChangeOutcome outcome = await _service.ImportAsync(_changes, _request, CountAsync, cancellation).ConfigureAwait(false);
        if (_request.DryRun)
        {
            Count(outcome.Applied);
        }
        _progress.Unchanged = outcome.Unchanged;
        _progress.Refusals.Clear();
        for (; _refusedSeen < _changes.Count; _refusedSeen++)
        {
            CollectRefusal(_changes[_refusedSeen]);
        }
        _progress.Refused = _changes.LongCount(c => c.Error is not null);
        if (outcome.Fault is { } fault)
        {
            _progress.Refusals.Add(new ImportRefusal { Message = fault.ToString() });
        }
        _progress.Done = true;
        await _report(_progress).ConfigureAwait(false);
        return outcome.Fault;
    }

    /// <summary>Reports an import that ends before its changes were looked at.</summary>
    public async ValueTask AbandonAsync(string message)
    {
        _progress.Refusals.Clear();
        _progress.Refusals.Add(new ImportRefusal { Line = _progress.Lines, Message = message });
        _progress.Refused++;
        _progress.Done = true;
        await _report(_progress).ConfigureAwait(false);
    }

    private async ValueTask<DefinitionError?> TakeAsync(PendingChange change)
    {
        _changes.Add(change);
        _bytes += change.Content?.Length ?? 0;
        _progress.Refused += change.Error is null ? 0 : 1;
        await ReportSometimesAsync().ConfigureAwait(false);
        return _bytes <= Bounds.ImportBytesMax
            ? null
            : new DefinitionError(DefinitionErrorCode.Invalid, "definitions", $"one import takes at most {Bounds.ImportBytesMax} bytes of definitions: split it");
    }

    private ValueTask CountAsync(IReadOnlyList<PendingChange> applied)
    {
        Count(applied);
        return ReportSometimesAsync();
    }

    private void Count(IReadOnlyList<PendingChange> applied)
    {
        int replaced = applied.Count(c => c.Before is not null);
        _progress.Replaced += replaced;
        _progress.Created += applied.Count - replaced;
    }

    private async ValueTask ReportSometimesAsync()
    {
        if (Stopwatch.GetElapsedTime(_lastReport).TotalMilliseconds < Bounds.ImportProgressMs)
        {
            return;
        }
        _lastReport = Stopwatch.GetTimestamp();
        _progress.Refusals.Clear();
        await _report(_progress).ConfigureAwait(false);
    }

    private void CollectRefusal(PendingChange change)
    {
        if (change.Error is { } error && _listed < Bounds.ImportRefusalsListedMax)
        {
            _listed++;
            _progress.Refusals.Add(new ImportRefusal { Line = change.Line, Field = error.Field, Message = error.Message });
        }
    }
}
