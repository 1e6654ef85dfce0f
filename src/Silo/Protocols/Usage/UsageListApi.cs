using System.Text;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Time;
using Quota.Silo.Usage;

namespace Quota.Silo.Protocols.Usage;

/// <summary>
/// The usage of all keys of a namespace, paged or streamed, in bounded memory.
/// <para>Safety: stateless but for the number of scans under way, which is counted atomically; everything else belongs to the call.</para>
/// </summary>
internal sealed class UsageListApi(CatalogState catalog, IUsageLedger ledger, IClock clock)
{
    private static readonly GrpcStatus Busy = new(GrpcStatusCode.ResourceExhausted, "this silo reads as many lists of usage at once as it does");
    private static readonly GrpcStatus NotSaved = new(GrpcStatusCode.Unavailable, "the store cannot be written, so what is in memory cannot be listed");
    private static readonly GrpcStatus NotTaken = new(GrpcStatusCode.DeadlineExceeded, "the rows were not taken");
    private static readonly GrpcStatus Stopping = new(GrpcStatusCode.Unavailable, "this silo is draining; go on elsewhere after the last key");

    private int _scans;

    /// <summary>One page.</summary>
    public async ValueTask<(ListUsageResponse? Response, GrpcStatus Status)> ListAsync(ListUsageRequest request, CancellationToken cancellation)
    {
        GrpcStatus status = Check(request, paged: true, out ListedMonth listed);
        if (!status.IsOk)
        {
            return (null, status);
        }
        if (!TryEnter())
        {
            return (null, Busy);
        }
        try
        {
            // Later pages read on from what the first brought to the store.
            if (request.PageToken.Length == 0 && await ledger.CheckpointAsync(cancellation).ConfigureAwait(false) is null)
            {
                return (null, NotSaved);
            }
            return (await PageAsync(request, listed, cancellation).ConfigureAwait(false), GrpcStatus.Ok);
        }
        finally
        {
            Interlocked.Decrement(ref _scans);
        }
    }

    /// <summary>All rows: a header, the keys, a trailer.</summary>
    /// <param name="request">Which.</param>
    /// <param name="sink">Takes the rows.</param>
    /// <param name="draining">Fires when the silo begins to stop.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<GrpcStatus> StreamAsync(ListUsageRequest request, IUsageRowSink sink, CancellationToken draining, CancellationToken cancellation)
    {
        GrpcStatus status = Check(request, paged: false, out ListedMonth listed);
        if (!status.IsOk)
        {
            return status;
        }
        if (!TryEnter())
        {
            return Busy;
        }
        try
        {
            if (await ledger.CheckpointAsync(cancellation).ConfigureAwait(false) is not long asOfMs)
            {
                return NotSaved;
            }
            sink.Write(new UsageRow { Header = new UsageHeader { SchemaVersion = UsageSchema.Version, Namespace = request.Namespace, Month = listed.Month.ToString(), AsOfUnixMs = asOfMs } });
            (status, UsageTotals totals) = await StreamKeysAsync(request, listed, sink, draining, cancellation).ConfigureAwait(false);
            if (!status.IsOk)
            {
                return status;
            }
            bool monthSealed = KeyUsageBuilder.State(false, listed.Home.Billing.PeriodOf(listed.Month).EndMs, listed.Home.SealGraceMs, asOfMs) == MonthState.Sealed;
            sink.Write(new UsageRow { Trailer = totals.Trailer(monthSealed) });
            return await sink.FlushAsync().ConfigureAwait(false) ? GrpcStatus.Ok : NotTaken;
        }
        finally
        {
            Interlocked.Decrement(ref _scans);
        }
    }

    private async ValueTask<(GrpcStatus Status, UsageTotals Totals)> StreamKeysAsync(ListUsageRequest request, ListedMonth listed, IUsageRowSink sink, CancellationToken draining, CancellationToken cancellation)
    {
        var totals = new UsageTotals();
        byte[]? after = listed.After;
        do
        {
            cancellation.ThrowIfCancellationRequested();
            if (draining.IsCancellationRequested)
            {
                return (Stopping, totals);
            }
            UsagePage page = await ledger.ScanAsync(listed.Home.NameUtf8, listed.Month, after, Bounds.UsageFlushRows, cancellation).ConfigureAwait(false);
            foreach (KeyUsageState state in page.Keys)
            {
                if (Row(request, listed, state) is { } usage)
                {
                    totals.Add(usage);
                    sink.Write(new UsageRow { Key = usage });
                }
            }
            if (!await sink.FlushAsync().ConfigureAwait(false))
            {
                return (NotTaken, totals);
            }
            after = page.ContinueAfter;
        }
        while (after is not null);
        return (GrpcStatus.Ok, totals);
    }

    private async ValueTask<ListUsageResponse> PageAsync(ListUsageRequest request, ListedMonth listed, CancellationToken cancellation)
    {
        int size = request.PageSize == 0 ? Bounds.PageSizeDefault : request.PageSize;
        var response = new ListUsageResponse();
        UsagePage page = await ledger.ScanAsync(listed.Home.NameUtf8, listed.Month, listed.After, size, cancellation).ConfigureAwait(false);
        byte[]? next = page.ContinueAfter;
        int bytes = 0;
        foreach (KeyUsageState state in page.Keys)
        {
            if (Row(request, listed, state) is { } usage)
            {
                bytes += usage.CalculateSize();
                response.Keys.Add(usage);
            }
            if (bytes > Bounds.PageBytesMax && !ReferenceEquals(state, page.Keys[^1]))
            {
                next = state.KeyUtf8;
                break;
            }
        }
        response.NextPageToken = next is null ? "" : UsagePageToken.Write(request, listed.Month, next);
        return response;
    }

    private KeyUsage? Row(ListUsageRequest request, ListedMonth listed, KeyUsageState state)
    {
        KeyFacts facts = KeyFacts.Of(listed.Home, state.KeyUtf8);
        return facts.Match(request.Labels) ? KeyUsageBuilder.Build(listed.Home, facts, listed.Month, state, clock.Now().WallMs, request.Daily) : null;
    }

    private GrpcStatus Check(ListUsageRequest request, bool paged, out ListedMonth listed)
    {
        listed = null!;
        GrpcStatus status = UsageErrors.Find(catalog, request.Namespace, out NamespaceModel home);
        status = status.IsOk ? UsageErrors.Labels(request.Labels, request.Labels.Count) : status;
        if (!status.IsOk)
        {
            return status;
        }
        long nowMs = clock.Now().WallMs;
        MonthLabel month = home.Billing.MonthAt(nowMs);
        if (request.Month.Length > 0)
        {
            status = UsageErrors.Parse(request.Month, out month);
            // By half a month earlier for keys whose month begins before that of the namespace.
            status = status.IsOk && month.CompareTo(home.Billing.MonthAt(nowMs).Next) > 0 ? UsageErrors.Invalid("month", $"{request.Month} has not begun") : status;
        }
        byte[]? after = request.AfterKey.Length > 0 ? Encoding.UTF8.GetBytes(request.AfterKey) : null;
        status = status.IsOk ? paged ? CheckPage(request, ref month, ref after) : CheckStream(request) : status;
        listed = new ListedMonth(home, month, after);
        return status;
    }

    private static GrpcStatus CheckPage(ListUsageRequest request, ref MonthLabel month, ref byte[]? after)
    {
        if (request.PageSize is < 0 or > Bounds.PageSizeMax)
        {
            return UsageErrors.Invalid("page_size", $"must be 0 to {Bounds.PageSizeMax}, was {request.PageSize}");
        }
        if (request.AfterKey.Length > 0)
        {
            return UsageErrors.Invalid("after_key", "is for streams; a list goes on with page_token");
        }
        if (request.PageToken.Length == 0)
        {
            return GrpcStatus.Ok;
        }
        return UsagePageToken.TryRead(request, out month, out after) ? GrpcStatus.Ok : UsageErrors.Invalid("page_token", "is not one that this list was answered with");
    }

    private static GrpcStatus CheckStream(ListUsageRequest request)
    {
        if (request.PageSize != 0 || request.PageToken.Length > 0)
        {
            return UsageErrors.Invalid(request.PageSize != 0 ? "page_size" : "page_token", "is for lists; a stream goes on with after_key");
        }
        return UsageErrors.Text("after_key", request.AfterKey, 0, Bounds.KeyBytesMax);
    }

    private bool TryEnter()
    {
        if (Interlocked.Increment(ref _scans) <= Bounds.UsageScansMax)
        {
            return true;
        }
        Interlocked.Decrement(ref _scans);
        return false;
    }
}
