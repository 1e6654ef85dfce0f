using Quota.Contracts.V1;
using Quota.Silo.Limiting;

namespace Quota.Silo.Protocols.Operations;

/// <summary>
/// Settle, Cancel, Extend and Refund. They are called once where checks are called a thousand times, so they go by generated
/// messages.
/// </summary>
internal static class OperationEndpoints
{
    public static IReadOnlyList<IOperationEndpoint> Create(IGrainOperations operations) =>
    [
        new OperationEndpoint<SettleRequest, SettleInput, Settlement>("Settle", SettleRequest.Parser, OperationInputs.Read, operations.SettleAsync, OperationAnswers.Write, JsonOperationWriter.Write),
        new OperationEndpoint<CancelRequest, ReservationInput, Cancellation>("Cancel", CancelRequest.Parser, OperationInputs.Read, operations.CancelAsync, OperationAnswers.Write, JsonOperationWriter.Write),
        new OperationEndpoint<ExtendRequest, ExtendInput, Extension>("Extend", ExtendRequest.Parser, OperationInputs.Read, operations.ExtendAsync, static (output, extension) => OperationAnswers.WriteReservation(output, extension.Decision, default, extension.Reservation), JsonOperationWriter.Write),
        new OperationEndpoint<RefundRequest, RefundInput, Refunded>("Refund", RefundRequest.Parser, OperationInputs.Read, operations.RefundAsync, OperationAnswers.Write, JsonOperationWriter.Write),
    ];
}
