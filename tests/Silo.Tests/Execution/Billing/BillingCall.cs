using System.Text;
using Quota.Grains;
using Quota.Silo.Limiting;

namespace Quota.Silo.Tests.Execution.Billing;

/// <summary>A check or reservation that can be sent again.</summary>
internal sealed record BillingCall(string Key, long Requests, long Tokens, string Route, string RequestId, ReservationTerms? Hold)
{
    public Dictionary<string, long> Costs { get; } = new() { ["requests"] = Requests, ["tokens"] = Tokens };

    /// <summary>Sends it; the answer is read only if the caller lives to.</summary>
    public Decision Send(BillingSilo silo)
    {
        var decision = new Decision();
        byte[] attributes = Encoding.UTF8.GetBytes("route" + Route);
        var request = new CheckRequest
        {
            Namespace = "n"u8,
            Key = Encoding.UTF8.GetBytes(Key),
            Cost = Requests,
            Named = new NamedCosts("tokens"u8, [new NamedCost(0, 6, Tokens)]),
            Attributes = new AttributeSet(attributes, [new AttributeRange(0, 5, 5, attributes.Length - 5)]),
            RequestId = Encoding.UTF8.GetBytes(RequestId),
        };
        if (Hold is { } terms)
        {
            silo.Limiter.Reserve(request, terms, silo.Clock.Now(), decision);
        }
        else
        {
            silo.Limiter.Begin(request, silo.Clock.Now(), decision);
        }
        return decision;
    }

    /// <summary>What an answer says, as text.</summary>
    public static string Describe(Decision decision)
    {
        var text = new StringBuilder($"{decision.Allowed} {decision.At} {decision.Reservation.Id:x} {decision.Reservation.ExpiresMs}");
        foreach (ref readonly LimitResult result in decision.Results)
        {
            Quota.Grains.Model.LimitModel limit = decision.LimitOf(result);
            text.Append($"|{result.Level} {limit.Name} {limit.Unit} {limit.Capacity} {result.Remaining} {result.ResetAfterMs} {result.RetryAfterMs} {result.Exceeded}");
        }
        return text.ToString();
    }
}
