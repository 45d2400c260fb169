# Quality holds. Odoo's community edition has no lock on a lot: what is held lies at a location of its own beside the
# stock, from which nothing is reserved, and what is made, received or moved of it while the hold stands goes there too.

HELD = 'quality hold that stands'
RELEASED = 'quality hold that was released'


def holds_standing():
    if 'holds' not in memory:
        rows = env['x_lineshaft_operation'].search([('x_operation', '=', 'placeHold'), ('x_about', '=', HELD)], order='id')
        memory['holds'] = [(row, json.loads(row.x_kept)) for row in rows]
    return memory['holds']


def is_held(product, lot):
    for row, kept in holds_standing():
        if kept['product'] == product.id and kept['all'] and lot and lot.id in kept['lots']:
            return True
    return False


def refuse_held(product, lot, source):
    for row, kept in holds_standing():
        if kept['product'] == product.id and lot.id in kept['lots']:
            if kept['all'] or source and source.id == kept['location']:
                refuse('lot-held', 'The lot %s of %s is on hold (%s): %s' % (lot.name, product.default_code, kept['hold'], kept['reason']))


def hold_location(order):
    # Beside the stock in the warehouse, so that Odoo takes nothing from it by itself.
    warehouse = order and order.picking_type_id.warehouse_id or default_warehouse()
    places = env['stock.location']
    inside = [('name', '=', 'Quality Hold'), ('location_id', '=', warehouse.view_location_id.id)]
    return places.search(inside, limit=1) or places.create({
        'name': 'Quality Hold', 'usage': 'internal', 'location_id': warehouse.view_location_id.id, 'company_id': company.id})


def plan_place_hold(plan):
    value = plan['value']
    product = product_of(value['product'])
    names = value.get('serials') or value.get('lot') and [value['lot']] or []
    if value.get('order') and product.tracking == 'none':
        names = []
    if names and product.tracking == 'none':
        refuse('value-invalid', 'The product %s is not tracked by lot, and the hold names %s.' % (product.default_code, names[0]))
    if not names and not value.get('order'):
        refuse('lot-missing', 'The hold %s names neither a lot nor a production order.' % value['hold'])
    plan['product'] = product
    plan['names'] = names
    plan['amount'] = value.get('quantity') and amount_in(value['quantity'], product.uom_id, product.default_code) or False
    # Where the lot is known the order says nothing more: its other lots are free.
    plan['orders'] = chain_of(value['order']) if value.get('order') and not names else env['mrp.production']
    plan['lock'] = ('hold', product.id)


def apply_place_hold(plans):
    wanted = []
    for plan in plans:
        for name in plan['names']:
            wanted.append((plan['product'], name))
    # A lot may be held before its first piece is known.
    lots = lots_of(wanted, True)
    for plan in plans:
        own = env['stock.lot']
        for name in plan['names']:
            own = own | lots[(plan['product'], name)]
        if not plan['names']:
            for order in plan['orders'].filtered_domain([('state', '=', 'done')]):
                own = own | lots_made(order)
        place = hold_location(False)
        moved = to_hold(plan, own, place)
        told = '%s (%s)' % (plan['value']['reason'], plan['value']['hold'])
        for record in own or plan['orders'][:1]:
            record.message_post(body='On hold: %s' % told)
        plan.update({'about': HELD, 'kept': json.dumps({
            'hold': plan['value']['hold'], 'product': plan['product'].id, 'lots': own.ids, 'all': not plan['amount'], 'amount': moved,
            'orders': apart_key(plan['orders']) if plan['orders'] else False, 'location': place.id, 'reason': plan['value']['reason']})})
        settle(plan, own[:1] or plan['orders'][:1], 'hold %s' % plan['value']['hold'], {'held': moved, 'location': place.complete_name})


def to_hold(plan, lots, place):
    # Brings what there is, or the amount that the hold names, to the place of holds.
    open_amount = plan['amount']
    moves, moved = [], 0.0
    for quant in quants_outside(plan['product'], lots, place, plan['orders']):
        amount = quant.quantity if open_amount is False else min(quant.quantity, open_amount)
        if plan['product'].tracking == 'none' and open_amount is False:
            amount = min(amount, made_by(plan['orders']) - moved)
        if amount > 0:
            moves.append(transfer(plan, quant, place, amount))
            moved = moved + amount
            if open_amount is not False:
                open_amount = open_amount - amount
    if moves:
        carried_out(moves)
    return moved


def quants_outside(product, lots, place, orders):
    here = [('product_id', '=', product.id), ('quantity', '>', 0), ('location_id.usage', '=', 'internal'),
            ('location_id', '!=', place.id), ('company_id', '=', company.id)]
    if lots:
        here.append(('lot_id', 'in', lots.ids))
    elif product.tracking != 'none' or not orders:
        return env['stock.quant']
    else:
        here.append(('location_id', 'in', orders.location_dest_id.ids))
    return env['stock.quant'].search(here, order='id')


def made_by(orders):
    # Pieces of an order of a product without lots cannot be told from others: as many as it made.
    return sum(orders.filtered_domain([('state', '=', 'done')]).mapped('qty_produced'))


def transfer(plan, quant, place, amount):
    return {
        'token': plan['token'], 'product': quant.product_id, 'unit': quant.product_id.uom_id, 'from': quant.location_id, 'to': place,
        'shares': [(quant.lot_id.name or False, amount)], 'value': {'kind': 'transfer', 'reference': plan['value']['hold']}}


def hold_all(product, name):
    # What was moved or received of a lot that is held as a whole.
    if not name:
        return
    for row, kept in holds_standing():
        if kept['product'] == product.id and kept['all'] and kept['lots']:
            lots = env['stock.lot'].browse(kept['lots'])
            if name in lots.mapped('name'):
                to_hold({'token': kept['hold'], 'value': kept, 'product': product, 'amount': False, 'orders': env['mrp.production']},
                        lots, env['stock.location'].browse(kept['location']))


def hold_made(plan):
    # What a completion made while its lot or its order is held.
    product = plan['order'].product_id
    for row, kept in holds_standing():
        if kept['product'] != product.id or not kept['all'] or not plan['produced']:
            continue
        lots = env['stock.lot'].browse(kept['lots'])
        of_order = kept['orders'] and kept['orders'] == apart_key(chain_of(plan['value']['order']))
        made = env['stock.lot']
        for lot in plan['made_lots']:
            if of_order or lot in lots:
                made = made | lot
        if made or of_order:
            to_hold({'token': kept['hold'], 'value': kept, 'product': product, 'amount': False if made else plan['good'],
                     'orders': plan['order'] if of_order else env['mrp.production']},
                    made, env['stock.location'].browse(kept['location']))
            kept['lots'] = (lots | made).ids
            row.write({'x_kept': json.dumps(kept)})


def plan_release_hold(plan):
    value = plan['value']
    plan['hold'] = False
    for row, kept in holds_standing():
        if kept['hold'] == value['hold']:
            plan['hold'] = (row, kept)
    if not plan['hold']:
        refuse('hold-unknown', 'No hold %s stands in Odoo.' % value['hold'])
    plan['lock'] = ('hold', plan['hold'][1]['product'])


def apply_release_hold(plans):
    for plan in plans:
        row, kept = plan['hold']
        row.write({'x_about': RELEASED})
        memory.clear()
        product = env['product.product'].browse(kept['product'])
        lots = env['stock.lot'].browse(kept['lots'])
        place = env['stock.location'].browse(kept['location'])
        freed = env['stock.quant']
        for quant in env['stock.quant'].search([('product_id', '=', product.id), ('location_id', '=', place.id), ('quantity', '>', 0)]):
            if (not lots or quant.lot_id in lots) and not is_held(product, quant.lot_id):
                freed = freed | quant
        amount = dispose(plan, kept, product, freed)
        for record in lots or product:
            record.message_post(body='Hold %s released, %s: %s' % (kept['hold'], plan['value']['disposition'], plan['value']['note']))
        settle(plan, lots[:1] or product, 'release of %s' % kept['hold'], {'disposition': plan['value']['disposition'], 'moved': amount})


def dispose(plan, kept, product, freed):
    # Of a part of a lot no more than was held of it: another hold may have the rest.
    disposition, open_amount, amount, moves = plan['value']['disposition'], kept['amount'], 0.0, []
    if disposition not in ('use-as-is', 'scrap'):
        # To be worked on again or sent back: a movement of its own takes it from here.
        return amount
    for quant in freed:
        share = quant.quantity if kept['all'] else min(quant.quantity, open_amount - amount)
        if share <= 0:
            continue
        if disposition == 'use-as-is':
            moves.append(transfer({'token': plan['token'], 'value': kept}, quant, default_warehouse().lot_stock_id, share))
        else:
            make_scrap(with_reason({
                'product_id': product.id, 'scrap_qty': share, 'product_uom_id': product.uom_id.id, 'company_id': company.id,
                'lot_id': quant.lot_id.id, 'origin': kept['hold'], 'location_id': quant.location_id.id}, kept['reason'][:250]))
        amount = amount + share
    if moves:
        carried_out(moves)
    return amount
