using System.Text;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Time;
using Quota.Silo.Usage;

namespace Quota.Silo.Protocols.Usage;

/// <summary>Corrections beside a month. Stateless.</summary>
internal sealed class AdjustApi(CatalogState catalog, IUsageLedger ledger, IClock clock)
{
    /// <summary>Answers the request, or says why not.</summary>
    public async ValueTask<(AdjustResponse? Response, GrpcStatus Status)> AdjustAsync(AdjustRequest request, CancellationToken cancellation)
    {
        GrpcStatus status = UsageErrors.Find(catalog, request.Namespace, out NamespaceModel home);
        status = status.IsOk ? UsageErrors.Key(home, request.Key) : status;
        MonthLabel month = default;
        status = status.IsOk ? UsageErrors.Parse(request.Month, out month) : status;
        Adjustment wanted = request.Adjustment ?? new Adjustment();
        status = status.IsOk ? Check(wanted) : status;
        if (!status.IsOk)
        {
            return (null, status);
        }
        byte[] key = Encoding.UTF8.GetBytes(request.Key);
        KeyFacts facts = KeyFacts.Of(home, key);
        long nowMs = clock.Now().WallMs;
        KeyUsageState before = await ledger.ReadAsync(home.NameUtf8, key, month, cancellation).ConfigureAwait(false);
        if (before.IsEmpty)
        {
            status = CheckEmpty(home, facts, month, nowMs);
        }
        status = status.IsOk && !IsMetered(home, before, wanted.Unit) ? UsageErrors.Invalid("adjustment.unit", "no plan of the namespace meters it, and the month has none of it") : status;
        if (!status.IsOk)
        {
            return (null, status);
        }
        var adjustment = new UsageAdjustment(wanted.Id, wanted.Unit, wanted.Amount, wanted.Reason, wanted.Author, nowMs);
        AdjustResult result = await ledger.AdjustAsync(home.NameUtf8, key, month, facts.Billing, adjustment, cancellation).ConfigureAwait(false);
        return Answer(home, facts, month, result, nowMs);
    }

    private static (AdjustResponse? Response, GrpcStatus Status) Answer(NamespaceModel home, in KeyFacts facts, MonthLabel month, AdjustResult result, long nowMs)
    {
        if (result.State is null)
        {
            return (null, new GrpcStatus(GrpcStatusCode.Unavailable, result.Unavailable ?? "the adjustment could not be kept"));
        }
        switch (result.Outcome)
        {
            case AdjustOutcome.Conflict:
                return (null, UsageErrors.Invalid("adjustment.id", "was used for this key and month before, with another content"));
            case AdjustOutcome.Full:
                return (null, new GrpcStatus(GrpcStatusCode.FailedPrecondition, "adjustment: the month has no room for another one"));
            default:
                KeyUsage usage = KeyUsageBuilder.Build(home, facts, month, result.State, nowMs, daily: false);
                return (new AdjustResponse { Usage = usage, Repeat = result.Outcome == AdjustOutcome.Repeat }, GrpcStatus.Ok);
        }
    }

    private static GrpcStatus CheckEmpty(NamespaceModel home, in KeyFacts facts, MonthLabel month, long nowMs)
    {
        if (!facts.IsDefined)
        {
            return UsageErrors.NotFound("key", $"has neither a definition nor usage in {month}");
        }
        (long startMs, long endMs) = (facts.Billing.PeriodOf(month).StartMs, facts.Billing.PeriodOf(month).EndMs);
        return UsageCalendar.IsForgotten(endMs, home.SealGraceMs, home.RetentionMonths, nowMs)
            ? UsageErrors.NotFound("month", $"{month} is older than the {home.RetentionMonths} months for which usage is kept")
            : UsageErrors.Month(month.ToString(), startMs, nowMs);
    }

    private static GrpcStatus Check(Adjustment wanted)
    {
        GrpcStatus status = UsageErrors.Text("adjustment.id", wanted.Id, 1, Bounds.AdjustmentIdBytesMax);
        if (status.IsOk && wanted.Id.StartsWith(UsageMonth.OwnIdPrefix, StringComparison.Ordinal))
        {
            status = UsageErrors.Invalid("adjustment.id", $"ids that begin with {UsageMonth.OwnIdPrefix} are the service's own");
        }
        status = status.IsOk ? UsageErrors.Text("adjustment.unit", wanted.Unit, 1, Bounds.NameBytesMax) : status;
        if (status.IsOk && wanted.Amount is 0 or < -Bounds.AmountMax or > Bounds.AmountMax)
        {
            status = UsageErrors.Invalid("adjustment.amount", $"must be {-Bounds.AmountMax} to {Bounds.AmountMax} and not 0, was {wanted.Amount}");
        }
        status = status.IsOk ? UsageErrors.Text("adjustment.reason", wanted.Reason, 1, Bounds.ReasonBytesMax) : status;
        return status.IsOk ? UsageErrors.Text("adjustment.author", wanted.Author, 1, Bounds.AdjustmentIdBytesMax) : status;
    }

    private static bool IsMetered(NamespaceModel home, KeyUsageState before, string unit) =>
        home.Plans.Values.Any(p => p.Units.Contains(unit, StringComparer.Ordinal))
        || (before.Month?.Units.Any(u => u.Unit == unit) ?? false)
        || (before.Day?.Units.Exists(u => u.Unit == unit) ?? false);
}
