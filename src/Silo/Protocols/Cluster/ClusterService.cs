using Google.Protobuf;
using Google.Protobuf.Reflection;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Cluster;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Store;

namespace Quota.Silo.Protocols.Cluster;

/// <summary><c>quota.v1.Cluster</c>: which silos there are, and how they are. Stateless.</summary>
internal sealed class ClusterService : IGrpcService
{
    private readonly IClusterView _view;
    private readonly ILeaseLedger? _leases;
    private readonly int _partitions;
    private readonly TimeProvider _time;

    /// <param name="view">What this silo knows of the others.</param>
    /// <param name="leases">The leases of the cluster; null if there are none.</param>
    /// <param name="partitions">Parts the keys are divided into; 0 if they are not.</param>
    /// <param name="time">Dates the answer.</param>
    public ClusterService(IClusterView view, ILeaseLedger? leases, int partitions, TimeProvider time)
    {
        _view = view;
        _leases = leases;
        _partitions = partitions;
        _time = time;
        Methods = [GrpcMessages.Unary("GetClusterStatus", GetClusterStatusRequest.Parser, (request, call) => GetAsync(request, call.Cancellation))];
    }

    public string FullName => "quota.v1.Cluster";

    public FileDescriptor File => ClusterReflection.Descriptor;

    public IReadOnlyList<GrpcMethod> Methods { get; }

    public async ValueTask<(IMessage? Response, GrpcStatus Status)> GetAsync(GetClusterStatusRequest request, CancellationToken cancellation)
    {
        if (request.LeasesMax is < 0 or > Bounds.LeasesShownMax)
        {
            return (null, new GrpcStatus(GrpcStatusCode.InvalidArgument, $"leases_max: {request.LeasesMax} is out of bounds: must be from 1 to {Bounds.LeasesShownMax}"));
        }
        var status = new ClusterStatus
        {
            Silo = _view.Self.Name,
            Executor = (ExecutorName)((int)_view.Self.Executor + 1),
            Partitions = _partitions,
            AtUnixMs = _time.GetUtcNow().ToUnixTimeMilliseconds(),
            ClockLeadMs = _view.ClockLeadMs,
        };
        status.Silos.AddRange(_view.Silos.Select(Show));
        try
        {
            if (request.Leases && _leases is not null)
            {
                status.Leases.AddRange(await LargestAsync(request.LeasesMax > 0 ? request.LeasesMax : Bounds.LeasesShownDefault, cancellation).ConfigureAwait(false));
            }
            return (status, GrpcStatus.Ok);
        }
        catch (StoreException e)
        {
            return (null, new GrpcStatus(GrpcStatusCode.Unavailable, e.Message));
        }
    }

    private async ValueTask<IEnumerable<LeaseStatus>> LargestAsync(int count, CancellationToken cancellation)
    {
        // The smallest of the largest so far is the one that makes room.
        var largest = new PriorityQueue<HeldLease, long>();
        await foreach (HeldLease lease in _leases!.ScanAsync(cancellation).ConfigureAwait(false))
        {
            if (largest.Count < count)
            {
                largest.Enqueue(lease, lease.Granted);
            }
            else
            {
                largest.EnqueueDequeue(lease, lease.Granted);
            }
        }
        return largest.UnorderedItems.Select(i => i.Element)
            .OrderByDescending(l => l.Granted)
            .ThenBy(l => l.Namespace, StringComparer.Ordinal).ThenBy(l => l.Key, StringComparer.Ordinal).ThenBy(l => l.Limit, StringComparer.Ordinal).ThenBy(l => l.Silo, StringComparer.Ordinal)
            .Select(Show);
    }

    private static LeaseStatus Show(HeldLease lease) => new()
    {
        Namespace = lease.Namespace,
        Key = lease.Key,
        Limit = lease.Limit,
        Silo = lease.Silo,
        Granted = lease.Granted,
        Spent = lease.Spent,
        ExpiresUnixMs = lease.ExpiresMs,
        State = (LeaseState)((int)lease.Phase + 1),
    };

    private static SiloStatus Show(SiloView silo) => new()
    {
        Name = silo.Name,
        Address = silo.Address,
        State = (SiloLife)((int)silo.State + 1),
        Version = silo.ProductVersion,
        StartedUnixMs = silo.StartedMs,
        SeenMsAgo = silo.SeenMs,
        ClockSkewMs = silo.SkewMs,
        Leases = silo.Numbers.Leases,
        Partitions = silo.Numbers.Partitions,
        PersistenceLagMs = silo.Numbers.PersistenceLagMs,
        UnsettledUnits = silo.Numbers.UnsettledUnits,
    };
}
