using Google.Protobuf;
using Google.Protobuf.Reflection;
using Quota.Contracts.V1;
using Quota.Silo.Catalog;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Store;
using Quota.Silo.Time;
using Quota.Silo.Usage;

namespace Quota.Silo.Protocols.Usage;

/// <summary><c>quota.v1.UsageService</c>: what every key used, as billing invoices it. Stateless but for <see cref="UsageListApi"/>.</summary>
public sealed class UsageService : IGrpcService
{
    /// <summary>The service's name on the wire.</summary>
    public const string Name = "quota.v1.UsageService";

    private readonly CatalogState _catalog;
    private readonly IUsageLedger _ledger;
    private readonly KeyUsageApi _keys;
    private readonly UsageListApi _lists;
    private readonly AdjustApi _adjustments;

    /// <param name="catalog">Namespaces and keys.</param>
    /// <param name="ledger">What keys used.</param>
    /// <param name="clock">Now.</param>
    public UsageService(CatalogState catalog, IUsageLedger ledger, IClock clock)
    {
        _catalog = catalog;
        _ledger = ledger;
        _keys = new KeyUsageApi(catalog, ledger, clock);
        _lists = new UsageListApi(catalog, ledger, clock);
        _adjustments = new AdjustApi(catalog, ledger, clock);
        Methods =
        [
            GrpcMessages.Unary("GetUsage", GetUsageRequest.Parser, async (request, call) => await GetAsync(request, call.Cancellation).ConfigureAwait(false)),
            GrpcMessages.Unary("ListUsage", ListUsageRequest.Parser, async (request, call) => await ListAsync(request, call.Cancellation).ConfigureAwait(false)),
            GrpcMessages.ServerStreaming("StreamUsage", ListUsageRequest.Parser, async (request, call) =>
                await StreamAsync(request, new GrpcRowSink(call), call.Draining, call.Cancellation).ConfigureAwait(false)),
            GrpcMessages.Unary("Adjust", AdjustRequest.Parser, async (request, call) => await AdjustAsync(request, call.Cancellation).ConfigureAwait(false)),
            GrpcMessages.Unary("ListMonths", ListMonthsRequest.Parser, async (request, call) => await ListMonthsAsync(request, call.Cancellation).ConfigureAwait(false)),
        ];
    }

    public string FullName => Name;

    public FileDescriptor File => UsageReflection.Descriptor;

    public IReadOnlyList<GrpcMethod> Methods { get; }

    internal ValueTask<(IMessage? Response, GrpcStatus Status)> GetAsync(GetUsageRequest request, CancellationToken cancellation) =>
        AnswerAsync(_keys.GetAsync(request, cancellation));

    internal ValueTask<(IMessage? Response, GrpcStatus Status)> ListAsync(ListUsageRequest request, CancellationToken cancellation) =>
        AnswerAsync(_lists.ListAsync(request, cancellation));

    internal ValueTask<(IMessage? Response, GrpcStatus Status)> AdjustAsync(AdjustRequest request, CancellationToken cancellation) =>
        AnswerAsync(_adjustments.AdjustAsync(request, cancellation));

    internal ValueTask<(IMessage? Response, GrpcStatus Status)> ListMonthsAsync(ListMonthsRequest request, CancellationToken cancellation) =>
        AnswerAsync(MonthsAsync(request, cancellation));

    internal async ValueTask<GrpcStatus> StreamAsync(ListUsageRequest request, IUsageRowSink sink, CancellationToken draining, CancellationToken cancellation)
    {
        try
        {
            return await _lists.StreamAsync(request, sink, draining, cancellation).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            return UsageErrors.Unavailable(e);
        }
    }

    private static async ValueTask<(IMessage? Response, GrpcStatus Status)> AnswerAsync<TResponse>(ValueTask<(TResponse? Response, GrpcStatus Status)> answer)
        where TResponse : class, IMessage
    {
        try
        {
            return await answer.ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            return (null, UsageErrors.Unavailable(e));
        }
    }

    private async ValueTask<(ListMonthsResponse? Response, GrpcStatus Status)> MonthsAsync(ListMonthsRequest request, CancellationToken cancellation)
    {
        GrpcStatus status = UsageErrors.Find(_catalog, request.Namespace, out NamespaceModel home);
        if (!status.IsOk)
        {
            return (null, status);
        }
        await _ledger.CheckpointAsync(cancellation).ConfigureAwait(false);
        var response = new ListMonthsResponse();
        foreach (MonthCount count in await _ledger.CountMonthsAsync(home.NameUtf8, cancellation).ConfigureAwait(false))
        {
            response.Months.Add(new Month { Month_ = count.Month.ToString(), Keys = count.Keys, SealedKeys = count.SealedKeys });
        }
        return (response, GrpcStatus.Ok);
    }
}
