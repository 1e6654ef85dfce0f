namespace Quota.Silo.Tests.Execution.Billing;

/// <summary>What is on the bill of one key, month and unit.</summary>
internal sealed record BillingSums
{
    public long Used { get; set; }

    public long RolledUp { get; set; }

    public long Refunded { get; set; }

    public long RolledUpRefunded { get; set; }

    public long Adjusted { get; set; }

    public BillingSums Plus(BillingSums other) => new()
    {
        Used = Used + other.Used,
        RolledUp = RolledUp + other.RolledUp,
        Refunded = Refunded + other.Refunded,
        RolledUpRefunded = RolledUpRefunded + other.RolledUpRefunded,
        Adjusted = Adjusted + other.Adjusted,
    };
}
