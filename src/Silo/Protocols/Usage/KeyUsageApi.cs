using System.Text;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Time;
using Quota.Silo.Usage;

namespace Quota.Silo.Protocols.Usage;

/// <summary>One key's usage: of a month, or of a range of days. Stateless.</summary>
internal sealed class KeyUsageApi(CatalogState catalog, IUsageLedger ledger, IClock clock)
{
    /// <summary>Answers the request, or says why not.</summary>
    public async ValueTask<(KeyUsage? Response, GrpcStatus Status)> GetAsync(GetUsageRequest request, CancellationToken cancellation)
    {
        GrpcStatus status = UsageErrors.Find(catalog, request.Namespace, out NamespaceModel home);
        status = status.IsOk ? UsageErrors.Key(home, request.Key) : status;
        if (!status.IsOk)
        {
            return (null, status);
        }
        byte[] key = Encoding.UTF8.GetBytes(request.Key);
        KeyFacts facts = KeyFacts.Of(home, key);
        if (request.FromDay.Length > 0 || request.ToDay.Length > 0)
        {
            return request.Month.Length > 0
                ? (null, UsageErrors.Invalid("month", "must be empty if days are given"))
                : await GetDaysAsync(home, facts, key, request, cancellation).ConfigureAwait(false);
        }
        long nowMs = clock.Now().WallMs;
        if (request.Month.Length == 0)
        {
            return await GetRunningAsync(home, facts, key, request.Daily, nowMs, cancellation).ConfigureAwait(false);
        }
        status = UsageErrors.Parse(request.Month, out MonthLabel month);
        status = status.IsOk ? UsageErrors.Month(request.Month, facts.Billing.PeriodOf(month).StartMs, nowMs) : status;
        if (!status.IsOk)
        {
            return (null, status);
        }
        KeyUsageState state = await ledger.ReadAsync(home.NameUtf8, key, month, cancellation).ConfigureAwait(false);
        return Answer(home, facts, month, state, nowMs, request.Daily);
    }

    private static (KeyUsage? Response, GrpcStatus Status) Answer(NamespaceModel home, in KeyFacts facts, MonthLabel month, KeyUsageState state, long nowMs, bool daily)
    {
        if (state.IsEmpty)
        {
            if (!facts.IsDefined)
            {
                return (null, UsageErrors.NotFound("key", $"has neither a definition nor usage in {month}"));
            }
            if (UsageCalendar.IsForgotten(facts.Billing.PeriodOf(month).EndMs, home.SealGraceMs, home.RetentionMonths, nowMs))
            {
                // Zeros would look like a month without usage.
                return (null, UsageErrors.NotFound("month", $"{month} is older than the {home.RetentionMonths} months for which usage is kept"));
            }
        }
        return (KeyUsageBuilder.Build(home, facts, month, state, nowMs, daily), GrpcStatus.Ok);
    }

    private async ValueTask<(KeyUsage? Response, GrpcStatus Status)> GetRunningAsync(NamespaceModel home, KeyFacts facts, byte[] key, bool daily, long nowMs, CancellationToken cancellation)
    {
        MonthLabel month = facts.Billing.MonthAt(nowMs);
        KeyUsageState state = await ledger.ReadAsync(home.NameUtf8, key, month, cancellation).ConfigureAwait(false);
        if (state.Day is null && (state.Month is null || state.Month.EndMs <= nowMs))
        {
            // After a change of calendar the key may be in a month already that by its calendar of now has not begun.
            KeyUsageState next = await ledger.ReadAsync(home.NameUtf8, key, month.Next, cancellation).ConfigureAwait(false);
            (month, state) = next.IsEmpty ? (month, state) : (month.Next, next);
        }
        return Answer(home, facts, month, state, nowMs, daily);
    }

    private async ValueTask<(KeyUsage? Response, GrpcStatus Status)> GetDaysAsync(NamespaceModel home, KeyFacts facts, byte[] key, GetUsageRequest request, CancellationToken cancellation)
    {
        GrpcStatus status = UsageErrors.Parse("from_day", request.FromDay, out int from);
        int to = 0;
        status = status.IsOk ? UsageErrors.Parse("to_day", request.ToDay, out to) : status;
        if (status.IsOk && (to <= from || to - from > Bounds.UsageDaysMax))
        {
            status = UsageErrors.Invalid("to_day", $"must be 1 to {Bounds.UsageDaysMax} days after from_day, was {to - from}");
        }
        long nowMs = clock.Now().WallMs;
        status = status.IsOk && facts.Billing.StartOfDayMs(from) > nowMs ? UsageErrors.Invalid("from_day", $"{request.FromDay} has not begun") : status;
        if (!status.IsOk)
        {
            return (null, status);
        }
        var range = new UsageRange(from, to);
        long startMs = facts.Billing.StartOfDayMs(from);
        long endMs = facts.Billing.StartOfDayMs(to);
        // A change of calendar may have put a day into the month after the one it would be in by the calendar of now.
        MonthLabel last = facts.Billing.MonthAt(endMs - 1).Next;
        for (MonthLabel month = facts.Billing.MonthAt(startMs).Previous; month.CompareTo(last) <= 0; month = month.Next)
        {
            KeyUsageState state = await ledger.ReadAsync(home.NameUtf8, key, month, cancellation).ConfigureAwait(false);
            range.Add(state.Total(facts.Billing), home.SealGraceMs, nowMs);
        }
        return range.IsEmpty && !facts.IsDefined
            ? (null, UsageErrors.NotFound("key", "has neither a definition nor usage in these days"))
            : (range.Build(home, facts, request.Key, startMs, endMs, nowMs, request.Daily), GrpcStatus.Ok);
    }
}
