using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Limiting;

namespace Quota.Silo.Protocols.Native;

/// <summary>One check between its bytes and its answer.</summary>
internal struct PendingCheck
{
    /// <summary>What the caller wants to know.</summary>
    public CheckOptions Options;

    /// <summary>The limiter has it and must complete it; false if the bytes were refused before.</summary>
    public bool Begun;

    /// <summary>Decodes one check and begins it; the bytes are free again afterwards.</summary>
    public static PendingCheck Begin(ILimiter limiter, ReadOnlySpan<byte> message, in Instant now, Decision decision)
    {
        Span<AttributeRange> ranges = stackalloc AttributeRange[Bounds.AttributesMax];
        Span<NamedCost> costs = stackalloc NamedCost[Bounds.UnitsMax];
        if (CheckRequestReader.TryRead(message, ranges, costs, out CheckRequest request, out CheckOptions options, out RequestError error))
        {
            limiter.Begin(request, now, decision);
            return new PendingCheck { Options = options, Begun = true };
        }
        return Refuse(now, decision, error);
    }

    /// <summary>Decodes one reservation and begins it; the bytes are free again afterwards.</summary>
    public static PendingCheck Reserve(ILimiter limiter, ReadOnlySpan<byte> message, in Instant now, Decision decision)
    {
        Span<AttributeRange> ranges = stackalloc AttributeRange[Bounds.AttributesMax];
        Span<NamedCost> costs = stackalloc NamedCost[Bounds.UnitsMax];
        if (CheckRequestReader.TryReadReservation(message, ranges, costs, out CheckRequest request, out ReservationTerms terms, out CheckOptions options, out RequestError error))
        {
            limiter.Reserve(request, terms, now, decision);
            return new PendingCheck { Options = options, Begun = true };
        }
        return Refuse(now, decision, error);
    }

    /// <summary>A check whose bytes are no good.</summary>
    public static PendingCheck Refuse(in Instant now, Decision decision, in RequestError error)
    {
        decision.Reset(now);
        decision.Reject(DecisionStatus.InvalidArgument, error.Field, error.Message);
        return default;
    }
}
