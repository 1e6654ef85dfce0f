using Quota.Grains.Usage;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>What a refund gave back to the usage.</summary>
/// <param name="Units">How much.</param>
/// <param name="IsAdjustment">The month was sealed.</param>
/// <param name="Month">The month; null if usage is not kept.</param>
internal readonly record struct BookedRefund(long Units, bool IsAdjustment, MonthLabel? Month);
