namespace Quota.Silo.Events;

/// <summary>What came back from a webhook.</summary>
/// <param name="Status">The HTTP status; 0 if no answer came.</param>
/// <param name="RetryAfter">With status 429 or 503: how long the target asks to be left alone. Not negative; not bounded.</param>
/// <param name="Fault">Without an answer: why, in a few words.</param>
public readonly record struct WebhookAnswer(int Status, TimeSpan? RetryAfter = null, string? Fault = null)
{
    /// <summary>Any status from 200 to 299.</summary>
    public bool IsDelivered => Status is >= 200 and <= 299;

    /// <summary>The target wants no more of it.</summary>
    public bool IsGone => Status == 410;

    public override string ToString() => Fault ?? $"status {Status}";
}
